"""Typed, immutable views of the Kubernetes objects that the operator watches and writes."""
