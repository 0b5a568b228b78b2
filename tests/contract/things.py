"""Kinds that a test defines for itself, in the group things.test."""

import uuid
from typing import Any

from tests.contract.target import Json, Target, created, eventually

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(schema: Json, **version: Json) -> Json:
    """A definition with a name of its own."""
    plural = f"things{uuid.uuid4().hex[:8]}"
    entry = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, **version}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.things.test"},
        "spec": {
            "group": "things.test",
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": plural.capitalize()},
            "versions": [entry],
        },
    }


def spec_schema(**properties: Json) -> Json:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": properties}}}


class Things:
    """A defined kind, for the tests that need a schema of their own."""

    def __init__(self, target: Target, space: str, body: Json) -> None:
        self.target = target
        self.kind = body["spec"]["names"]["kind"]
        self.api_version = f"things.test/{body['spec']['versions'][0]['name']}"
        self.crd = f"{CRDS}/{body['metadata']['name']}"
        self.path = f"/apis/{self.api_version}/namespaces/{space}/{body['spec']['names']['plural']}"
        created(target.post(CRDS, body))
        eventually("the kind is served", lambda: target.get(self.path).status_code == 200)

    def object(self, spec: Json, name: str = "a") -> Json:
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": {"name": name}, "spec": spec}

    def post(self, spec: Json, name: str = "a") -> Any:
        return self.target.post(self.path, self.object(spec, name))
