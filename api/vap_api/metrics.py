"""Every metric of the api, its unit and what it tells. Alerts belong on those marked so."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BATCH_BUCKETS = (1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000)


class HttpMetrics:
    """What serve measures."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Histogram(
            "vap_api_request_seconds",
            "Time to answer a request, by route template (never the path itself), method and status.",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.accepted = Counter(
            "vap_api_scenarios_accepted_total", "Scenarios accepted by POST scenario/init.", registry=registry
        )
        self.refused = Counter(
            "vap_api_problems_total",
            "Answers that were a problem document, by the last word of its type.",
            ["problem"],
            registry=registry,
        )


class RelayMetrics:
    """What the relay measures."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.leading = Gauge(
            "vap_relay_leading", "1 where this relay is the active one, 0 on standby.", registry=registry
        )
        self.pending = Gauge(
            "vap_outbox_pending",
            "Rows that wait to be published, as last counted. Alert when it grows for minutes.",
            registry=registry,
        )
        self.oldest_pending = Gauge(
            "vap_outbox_oldest_pending_seconds",
            "Age of the oldest row that waits. Alert above 30.",
            registry=registry,
        )
        self.published = Counter("vap_outbox_published_total", "Rows acknowledged by the broker.", registry=registry)
        self.set_aside = Counter(
            "vap_outbox_set_aside_total",
            "Rows that can never be sent (see their error column). Alert above 0.",
            registry=registry,
        )
        self.delivery_failures = Counter(
            "vap_outbox_delivery_failures_total",
            "Sends that were not acknowledged in time; the rows are sent again.",
            registry=registry,
        )
        self.batch = Histogram(
            "vap_outbox_batch_rows", "Rows claimed at once.", buckets=BATCH_BUCKETS, registry=registry
        )
        self.latency = Histogram(
            "vap_outbox_commit_to_ack_seconds",
            "From a row's creation to the broker's acknowledgement, clocks of database and relay compared.",
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.nudges = Counter(
            "vap_convergence_nudges_total",
            "Scenarios asked for again because nothing was heard of them, by command.",
            ["command"],
            registry=registry,
        )


class InboxMetrics:
    """What the inbox measures, by topic."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.records = Counter("vap_inbox_records_total", "Records read.", ["topic"], registry=registry)
        self.stored = Counter(
            "vap_inbox_rows_stored_total",
            "Rows that were new to the database; records minus this are repetitions and dead letters.",
            ["topic"],
            registry=registry,
        )
        self.batch = Histogram(
            "vap_inbox_batch_records", "Records stored at once.", ["topic"], buckets=BATCH_BUCKETS, registry=registry
        )
        self.store_time = Histogram(
            "vap_inbox_store_seconds",
            "Time of one database transaction.",
            ["topic"],
            buckets=LATENCY_BUCKETS,
            registry=registry,
        )
        self.lag = Histogram(
            "vap_inbox_lag_seconds",
            "From a message's published_at to its commit, newest of each batch. Alert when p99 is above 10.",
            ["topic"],
            buckets=(*LATENCY_BUCKETS, 30.0, 120.0, 600.0),
            registry=registry,
        )
        self.database_away = Gauge(
            "vap_inbox_database_away",
            "1 while partitions are paused because the database is away. Alert after a minute.",
            ["topic"],
            registry=registry,
        )
