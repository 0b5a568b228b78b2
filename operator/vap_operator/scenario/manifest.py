"""The objects that the operator makes for a REST request: the custom resource and, with credentials, its Secret."""

import base64

from vap_common.messages import InitScenario
from vap_common.times import format_rfc3339
from vap_operator.kube.resources import SECRETS, VIDEOSCENARIOS
from vap_operator.resources.base import JsonObject
from vap_operator.resources.names import (
    ANNOTATION_NAME,
    ANNOTATION_REQUESTED_AT,
    ANNOTATION_TRACEPARENT,
    FINALIZER,
    LABEL_MANAGED_BY,
    LABEL_SCENARIO_UUID,
    MANAGER,
    SECRET_KEY_ENCRYPTED,
    SECRET_KEY_PUBLIC,
)
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.identity import name_for_uuid, secret_name


def build_scenario(request: InitScenario, traceparent: str | None) -> JsonObject:
    """The VideoScenario for `request`, our finalizer included, so that it needs no write of its own."""
    name = name_for_uuid(request.scenario_uuid)
    analysis = request.analysis
    annotations = {ANNOTATION_REQUESTED_AT: format_rfc3339(request.requested_at)}
    if traceparent is not None:
        annotations[ANNOTATION_TRACEPARENT] = traceparent
    if request.name is not None:
        annotations[ANNOTATION_NAME] = request.name
    source: JsonObject = (
        {"url": request.camera_url}
        if request.camera_url_encrypted is None
        else {"urlSecretRef": {"name": secret_name(name), "key": SECRET_KEY_ENCRYPTED}}
    )
    return {
        "apiVersion": VIDEOSCENARIOS.api_version,
        "kind": VIDEOSCENARIOS.kind,
        "metadata": {
            "name": name,
            "labels": {LABEL_SCENARIO_UUID: str(request.scenario_uuid), LABEL_MANAGED_BY: MANAGER},
            "annotations": annotations,
            "finalizers": [FINALIZER],
        },
        "spec": {
            "source": source,
            "detector": {
                "name": analysis.detector,
                "minConfidencePercent": analysis.min_confidence_percent,
                "classes": list(analysis.classes),
            },
            "sampling": {"frameIntervalMilliseconds": analysis.frame_interval_ms},
            "results": {"emit": analysis.emit},
            "onStreamEnd": analysis.on_stream_end,
        },
    }


def build_camera_secret(owner: VideoScenario, public_url: str, encrypted_url: str) -> JsonObject:
    """The Secret with a camera's URL; it goes with its scenario."""
    return {
        "apiVersion": SECRETS.api_version,
        "kind": SECRETS.kind,
        "type": "Opaque",
        "metadata": {
            "name": secret_name(owner.key),
            "labels": {LABEL_MANAGED_BY: MANAGER},
            "ownerReferences": [
                {
                    "apiVersion": VIDEOSCENARIOS.api_version,
                    "kind": VIDEOSCENARIOS.kind,
                    "name": owner.key,
                    "uid": owner.metadata.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "data": {
            SECRET_KEY_ENCRYPTED: base64.b64encode(encrypted_url.encode()).decode(),
            SECRET_KEY_PUBLIC: base64.b64encode(public_url.encode()).decode(),
        },
    }
