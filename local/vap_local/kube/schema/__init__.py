"""Structural schemas of custom resources: parsing, pruning, defaulting, validation, and CEL rules.

Each is a pure function of a parsed :class:`~vap_local.kube.schema.model.Schema` and a value. What they promise is
described in the Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions".
"""
