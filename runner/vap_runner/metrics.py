"""Every metric of the runner: one list, with what it is for."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from vap_common.lifecycle import WorkerErrorType
from vap_runner.worker.protocol import WorkCounters


@dataclass
class RunnerMetrics:
    """Counters sum over all workers that this runner had; workers report them through their pipe."""

    registry: CollectorRegistry

    frames_captured: Counter = field(init=False)
    frames_sampled: Counter = field(init=False)
    frames_analysed: Counter = field(init=False)
    frames_dropped: Counter = field(init=False)
    inference_seconds: Counter = field(init=False)
    results_sent: Counter = field(init=False)
    results_unchanged: Counter = field(init=False)
    results_dropped: Counter = field(init=False)
    results_held: Gauge = field(init=False)
    stream_errors: Counter = field(init=False)
    workers_ended: Counter = field(init=False)
    orders_read: Counter = field(init=False)
    heartbeats: Counter = field(init=False)
    lease_valid: Gauge = field(init=False)
    slots: Gauge = field(init=False)
    slots_warm: Gauge = field(init=False)
    slots_busy: Gauge = field(init=False)
    worker_memory_bytes: Gauge = field(init=False)
    warm_up_seconds: Histogram = field(init=False)

    def __post_init__(self) -> None:
        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"vap_runner_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str) -> Gauge:
            return Gauge(f"vap_runner_{name}", text, registry=self.registry)

        # The frame path; captured - sampled is what the sampling left out on purpose.
        self.frames_captured = counter("frames_captured_total", "Frames decoded.")
        self.frames_sampled = counter("frames_sampled_total", "Frames chosen for analysis.")
        self.frames_analysed = counter("frames_analysed_total", "Frames that went through a detector.")
        # Grows when detection is slower than sampling: add runners or sample less.
        self.frames_dropped = counter("frames_dropped_total", "Sampled live frames replaced by newer ones.")
        # Divided by frames_analysed_total: the mean time of a detection.
        self.inference_seconds = counter("inference_seconds_total", "Time spent in detectors.")
        # Results; dropped ones are lost, whatever the reason.
        self.results_sent = counter("results_sent_total", "Results acknowledged by the broker.")
        self.results_unchanged = counter("results_unchanged_total", "Results left out by emit: OnChange.")
        self.results_dropped = counter("results_dropped_total", "Results lost: held too long, or not taken.")
        self.results_held = gauge("results_held", "Results that wait until they may be sent.")
        # Trouble, by its typed reason.
        self.stream_errors = counter("stream_errors_total", "Failed openings and lost streams.", "type")
        self.workers_ended = counter("workers_ended_total", "Workers by how they ended.", "state", "error")
        # The link to the operator; lease_valid 0 means that results are held.
        self.orders_read = counter("orders_read_total", "Records read from to_deploy.")
        self.heartbeats = counter("heartbeats_total", "Heartbeats, by whether the broker has them.", "outcome")
        self.lease_valid = gauge("lease_valid", "1 while results may be sent.")
        # The pool of processes.
        self.slots = gauge("slots", "Worker processes this runner can have.")
        self.slots_warm = gauge("slots_warm", "Processes that are loaded and wait.")
        self.slots_busy = gauge("slots_busy", "Processes that have a scenario.")
        self.worker_memory_bytes = gauge("worker_memory_max_bytes", "Proportional set size of the largest worker.")
        self.warm_up_seconds = Histogram(
            "vap_runner_warm_up_seconds",
            "From the start of a process until it can take a scenario.",
            buckets=(0.25, 0.5, 1, 2, 4, 8, 16, 32),
            registry=self.registry,
        )
        for error in WorkerErrorType:
            self.stream_errors.labels(error.value)

    def add_work(self, before: WorkCounters, after: WorkCounters) -> None:
        """Counts what a worker did between two of its reports."""
        self.frames_captured.inc(after.captured - before.captured)
        self.frames_sampled.inc(after.sampled - before.sampled)
        self.frames_analysed.inc(after.analysed - before.analysed)
        self.frames_dropped.inc(after.dropped_frames - before.dropped_frames)
        self.inference_seconds.inc(max(0.0, after.inference_seconds - before.inference_seconds))
        self.results_sent.inc(after.results_sent - before.results_sent)
        self.results_unchanged.inc(after.results_unchanged - before.results_unchanged)
        self.results_dropped.inc(after.results_dropped - before.results_dropped)
        for error, count in after.stream_errors.items():
            self.stream_errors.labels(error.value).inc(count - before.stream_errors.get(error, 0))
