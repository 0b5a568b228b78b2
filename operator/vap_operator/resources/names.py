"""Names that stand in objects: group, version, labels, annotations, the finalizer."""

GROUP = "vap.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

LABEL_SCENARIO_UUID = "vap.dev/scenario-uuid"
"""On custom resources made for REST; only the operator sets it."""
LABEL_POOL = "vap.dev/pool"
"""On runner pods: the RunnerPool that owns them."""
LABEL_TEMPLATE_HASH = "vap.dev/template-hash"
"""On runner pods: which template they were made from."""
LABEL_MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "vap-operator"

ANNOTATION_TRACEPARENT = "vap.dev/traceparent"
ANNOTATION_REQUESTED_AT = "vap.dev/requested-at"
ANNOTATION_NAME = "vap.dev/name"
"""The name that a REST client gave its scenario."""

FINALIZER = "vap.dev/stop-worker"
"""Keeps a deleted VideoScenario until its worker has stopped."""

RUNNER_CONTAINER = "runner"

SECRET_KEY_ENCRYPTED = "encryptedUrl"  # noqa: S105 - the name of a key, not its value
SECRET_KEY_PUBLIC = "publicUrl"  # noqa: S105 - the name of a key, not its value
"""The two keys of a camera Secret that the operator makes: the encrypted full URL and its masked form."""
