"""The table of built-in kinds. Adding one that is only stored takes one line here and its model in ``generate``."""

from vap_local.kube.builtin import events, namespaces, others, pods, secrets
from vap_local.kube.builtin.shapes import BuiltinStrategy, Shapes
from vap_local.kube.custom import COLUMNS as DEFINITION_COLUMNS
from vap_local.kube.custom import DefinitionStrategy
from vap_local.kube.kinds import Registry, Resource

_CREATE_ONLY = ("create",)


def builtin_registry(shapes: Shapes) -> Registry:
    """A registry with every kind that needs no definition."""
    registry = Registry(())
    for resource in (*_core(shapes), *_groups(shapes, registry), *_reviews()):
        registry.add(resource)
    return registry


def _core(shapes: Shapes) -> tuple[Resource, ...]:
    return (
        Resource(
            "", "v1", "Namespace", "namespaces", "namespace", False, short_names=("ns",), status=True,
            name_rule="label", strategy=namespaces.NamespaceStrategy(shapes, "V1Namespace"), columns=namespaces.COLUMNS,
            selectable={"status.phase": ("status", "phase")}, returns_deleted=True,
            other_subresources={"finalize": ("", "v1", "Namespace", ("update",))},
        ),
        Resource(
            "", "v1", "Pod", "pods", "pod", short_names=("po",), categories=("all",), status=True, generation=True,
            strategy=pods.PodStrategy(shapes, "V1Pod"), columns=pods.COLUMNS, returns_deleted=True,
            selectable={
                "spec.nodeName": ("spec", "nodeName"), "spec.restartPolicy": ("spec", "restartPolicy"),
                "spec.schedulerName": ("spec", "schedulerName"),
                "spec.serviceAccountName": ("spec", "serviceAccountName"),
                "status.phase": ("status", "phase"), "status.podIP": ("status", "podIP"),
                "status.nominatedNodeName": ("status", "nominatedNodeName"),
            },
            other_subresources={
                "binding": ("", "v1", "Binding", _CREATE_ONLY),
                "eviction": ("policy", "v1", "Eviction", _CREATE_ONLY),
                "log": ("", "v1", "Pod", ("get",)),
            },
        ),
        Resource(
            "", "v1", "Secret", "secrets", "secret", strategy=secrets.SecretStrategy(shapes, "V1Secret"),
            columns=secrets.SECRET_COLUMNS, selectable={"type": ("type",)},
        ),
        Resource(
            "", "v1", "ConfigMap", "configmaps", "configmap", short_names=("cm",),
            strategy=secrets.ConfigMapStrategy(shapes, "V1ConfigMap"), columns=secrets.CONFIG_MAP_COLUMNS,
        ),
        Resource(
            "", "v1", "ServiceAccount", "serviceaccounts", "serviceaccount", short_names=("sa",), returns_deleted=True,
            strategy=BuiltinStrategy(shapes, "V1ServiceAccount"), columns=others.SERVICE_ACCOUNT_COLUMNS,
        ),
        Resource(
            "", "v1", "Node", "nodes", "node", False, short_names=("no",), status=True,
            strategy=others.NodeStrategy(shapes, "V1Node"), columns=others.NODE_COLUMNS,
            selectable={"spec.unschedulable": ("spec", "unschedulable")},
        ),
        Resource(
            "", "v1", "Event", "events", "event", short_names=("ev",), columns=events.COLUMNS, create_on_update=True,
            strategy=events.EventStrategy(shapes, "CoreV1Event"), selectable=events.SELECTABLE, name_rule="path",
        ),
    )  # fmt: skip


def _groups(shapes: Shapes, registry: Registry) -> tuple[Resource, ...]:
    return (
        Resource(
            "events.k8s.io", "v1", "Event", "events", "event", short_names=("ev",), columns=events.COLUMNS,
            strategy=events.EventStrategy(shapes, "CoreV1Event"), storage="events", view=events.MODERN_VIEW,
            name_rule="path", create_on_update=True,
            selectable={**events.SELECTABLE, "reportingController": ("reportingComponent",)} | {
                f"regarding.{name}": ("involvedObject", name) for name in ("kind", "namespace", "name", "uid")
            },
        ),
        Resource(
            "coordination.k8s.io", "v1", "Lease", "leases", "lease", unconditional_update=False, create_on_update=True,
            strategy=others.LeaseStrategy(shapes, "V1Lease"), columns=others.LEASE_COLUMNS,
        ),
        Resource(
            "policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "poddisruptionbudget", short_names=("pdb",),
            strategy=others.DisruptionBudgetStrategy(shapes, "V1PodDisruptionBudget"), columns=others.BUDGET_COLUMNS,
            status=True, generation=True, unconditional_update=False,
        ),
        Resource(
            "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions",
            "customresourcedefinition", False, short_names=("crd", "crds"), categories=("api-extensions",), status=True,
            strategy=DefinitionStrategy(shapes, "V1CustomResourceDefinition", registry), generation=True,
            columns=DEFINITION_COLUMNS, unconditional_update=False, returns_deleted=False,
        ),
    )  # fmt: skip


def _reviews() -> tuple[Resource, ...]:
    """Kinds that are answered and never stored."""
    group = "authorization.k8s.io"
    return (
        Resource(group, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "selfsubjectaccessreview", False,
                 verbs=_CREATE_ONLY),
        Resource(group, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "selfsubjectrulesreview", False,
                 verbs=_CREATE_ONLY),
        Resource("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", "selfsubjectreview", False,
                 verbs=_CREATE_ONLY),
    )  # fmt: skip
