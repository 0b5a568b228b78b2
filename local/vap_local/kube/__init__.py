"""A small Kubernetes API server of the platform's own, for one machine.

It speaks the Kubernetes API (REST, watch, discovery, OpenAPI, custom resources) on loopback over TLS, keeps its state
in one SQLite file, and promises what ``tests/contract`` proves against it and against a real kube-apiserver, no more:
there is no scheduler, no admission chain, no server-side apply, no managed fields, and no access control beyond one
token.

Reading order: :mod:`.server` puts the parts together; :mod:`.http` turns requests into calls of :mod:`.rest`, which
implements the verbs over :mod:`.store`; a kind differs from another by its entry in :mod:`.builtin` or its
CustomResourceDefinition (:mod:`.custom`).
"""
