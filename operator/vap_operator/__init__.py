"""VAP operator: scenarios as custom resources, reconciled into runner pods."""
