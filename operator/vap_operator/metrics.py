"""Every metric of the operator, in one list."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Made once by the composition root and passed in."""

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self.leading = Gauge(
            "vap_operator_leading",
            "1 where this process leads, 0 on standby; the sum should be 1.",
            registry=registry,
        )
        self.api_requests = Counter(
            "vap_operator_kube_requests_total",
            "Calls of the Kubernetes API; watching is not in it.",
            ["method", "resource", "subresource", "outcome"],
            registry=registry,
        )
        self.reconciles = Counter(
            "vap_operator_reconciles_total",
            "Passes over a scenario, by outcome: ok, conflict (read again), error (tried again later).",
            ["outcome"],
            registry=registry,
        )
        self.reconcile_seconds = Histogram(
            "vap_operator_reconcile_seconds",
            "Duration of one pass, API writes included.",
            buckets=(0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30),
            registry=registry,
        )
        self.queue_depth = Gauge("vap_operator_queue_depth", "Scenarios that wait for a pass.", registry=registry)
        self.transitions = Counter(
            "vap_operator_transitions_total",
            "Lifecycle moves that were written, by state entered and reason.",
            ["state", "reason"],
            registry=registry,
        )
        self.assignment_seconds = Histogram(
            "vap_operator_assignment_seconds",
            "From the creation of a custom resource to its first persisted assignment.",
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60),
            registry=registry,
        )
        self.scenarios = Gauge("vap_operator_scenarios", "Custom resources by state.", ["state"], registry=registry)
        self.runners = Gauge(
            "vap_operator_runners",
            "Runner pods by pool: all, ready (report and take work).",
            ["pool", "kind"],
            registry=registry,
        )
        self.slots = Gauge(
            "vap_operator_slots",
            "Worker slots of ready runners by pool: all, free.",
            ["pool", "kind"],
            registry=registry,
        )
        self.waiting = Gauge(
            "vap_operator_waiting_scenarios", "Scenarios that wait for a slot, by pool.", ["pool"], registry=registry
        )
        self.runners_lost = Counter("vap_operator_runners_lost_total", "Runners declared lost.", registry=registry)
        self.published = Counter(
            "vap_operator_published_total",
            "Records by topic and outcome: acknowledged or failed (then sent again).",
            ["topic", "outcome"],
            registry=registry,
        )
        self.consumed = Counter("vap_operator_consumed_total", "Records read, by topic.", ["topic"], registry=registry)
        self.commands = Counter(
            "vap_operator_commands_total",
            "Requests of init_scenario by command and outcome.",
            ["command", "outcome"],
            registry=registry,
        )
        self.strays = Counter(
            "vap_operator_stray_workers_total",
            "Reported workers without a matching custom resource and epoch that were told to stop.",
            registry=registry,
        )
        self.unreadable_objects = Counter(
            "vap_operator_unreadable_objects_total",
            "Objects that could not be understood and were left alone.",
            ["resource"],
            registry=registry,
        )
