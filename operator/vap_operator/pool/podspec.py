"""The manifest of a runner pod."""

import copy
import hashlib
import json
import secrets

from vap_operator.kube.resources import PODS, RUNNERPOOLS
from vap_operator.resources.base import JsonObject
from vap_operator.resources.names import (
    LABEL_MANAGED_BY,
    LABEL_POOL,
    LABEL_TEMPLATE_HASH,
    MANAGER,
    RUNNER_CONTAINER,
)
from vap_operator.resources.runnerpool import RunnerPool

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: no words


class NoRunnerContainerError(ValueError):
    """The pool's template has no container named `runner`; add one, or rename the one that runs vap-runner."""

    def __init__(self, pool: str) -> None:
        super().__init__(f"the template of RunnerPool {pool} has no container named {RUNNER_CONTAINER!r}; name one so")


def new_pod_name(pool: str) -> str:
    """`<pool>-<5 letters>`: chosen before the request, so that the same request can be sent again safely."""
    return f"{pool}-{''.join(secrets.choice(_ALPHABET) for _ in range(5))}"


def template_hash(pool: RunnerPool) -> str:
    """A hash of all that a pod is made from; a change asks for a rolling update."""
    made_from = {"template": pool.spec.template, "maxWorkers": pool.spec.max_workers}
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:10]


def build_pod(pool: RunnerPool, name: str) -> JsonObject:
    """A pod from the pool's template, owned by the pool. Raises NoRunnerContainerError.

    POD_NAME and MAX_WORKERS of the container `runner` are the operator's; the template's own are replaced.
    """
    template = copy.deepcopy(pool.spec.template)
    spec: JsonObject = template.get("spec") or {}
    runner = next((c for c in spec.get("containers") or [] if c.get("name") == RUNNER_CONTAINER), None)
    if runner is None:
        raise NoRunnerContainerError(pool.metadata.name)
    given = {"POD_NAME": name, "MAX_WORKERS": str(pool.spec.max_workers)}
    runner["env"] = [entry for entry in runner.get("env") or [] if entry.get("name") not in given] + [
        {"name": key, "value": value} for key, value in given.items()
    ]
    metadata: JsonObject = template.get("metadata") or {}
    labels = {
        **(metadata.get("labels") or {}),
        LABEL_POOL: pool.metadata.name,
        LABEL_TEMPLATE_HASH: template_hash(pool),
        LABEL_MANAGED_BY: MANAGER,
    }
    return {
        "apiVersion": PODS.api_version,
        "kind": PODS.kind,
        "metadata": {
            "name": name,
            "labels": labels,
            "annotations": metadata.get("annotations") or {},
            "ownerReferences": [
                {
                    "apiVersion": RUNNERPOOLS.api_version,
                    "kind": RUNNERPOOLS.kind,
                    "name": pool.metadata.name,
                    "uid": pool.metadata.uid,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        },
        "spec": spec,
    }
