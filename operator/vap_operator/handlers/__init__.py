"""What kopf calls for each watch event: one line each, the work is in `vap_operator.reconcile.intake`."""
