"""A small asynchronous client of the Kubernetes API: what the supervisor and the pod runner need of it.

The `kubernetes` package takes over a second to import, which a start that is measured in seconds would feel.
"""
