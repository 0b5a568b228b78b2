"""Which of several operator processes leads: a Lease, kept by one and watched by the others."""
