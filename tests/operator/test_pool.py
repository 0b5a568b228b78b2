"""The pool's size, seen from outside."""

from collections import Counter

from tests.operator.support.platform import Platform
from tests.support.waiting import wait_for


def test_the_one_too_many_waits_with_no_capacity_and_starts_when_a_slot_frees(platform: Platform) -> None:
    platform.make_pool(maxWorkers=2, minRunners=1, maxRunners=2)
    platform.wait_ready()
    scenarios = [platform.startup() for _ in range(4)]
    for scenario in scenarios:
        platform.wait_state(scenario, "active")
    late = platform.startup()
    status = platform.wait_state(late, "init_startup", "NoCapacity")
    assert "all 4 slots of pool default are taken" in status["message"]
    platform.wait_reason(late, "NoCapacity")
    assert len(platform.kube.list("pods")) == 2
    platform.shutdown(scenarios[1])
    platform.wait_state(late, "active")
    epochs = Counter(order.scenario_uuid for order in platform.farm.starts())
    assert set(epochs.values()) == {1}


def test_a_raised_limit_lets_the_waiting_start(platform: Platform) -> None:
    platform.make_pool(maxWorkers=1, minRunners=1, maxRunners=1)
    platform.wait_ready()
    platform.wait_state(platform.startup(), "active")
    late = platform.startup()
    platform.wait_state(late, "init_startup", "NoCapacity")
    platform.kube.patch("runnerpools", "default", {"spec": {"maxRunners": 2}})
    platform.wait_state(late, "active")


def test_runners_are_filled_one_by_one_and_idle_ones_go(platform: Platform) -> None:
    platform.make_pool(maxWorkers=2, minRunners=0, maxRunners=3, warmSlots=0, idleSeconds=1)
    wait_for(platform.operator.ready, "the operator to be ready")
    scenarios = [platform.startup() for _ in range(4)]
    homes = Counter(platform.wait_state(scenario, "active")["placement"]["runner"] for scenario in scenarios)
    assert sorted(homes.values()) == [2, 2]
    for scenario in scenarios:
        platform.shutdown(scenario)
    wait_for(lambda: not platform.kube.list("pods"), "the idle pods to go")


def test_scaling_by_min_runners(platform: Platform) -> None:
    platform.make_pool(minRunners=0, maxRunners=3)
    platform.kube.patch("runnerpools", "default", {"spec": {"replicas": 2}}, "scale")
    platform.wait_free_slots(8)
    pool = platform.kube.get("runnerpools", "default")
    assert pool
    assert pool["status"]["selector"] == "vap.dev/pool=default"
    assert {c["type"]: c["status"] for c in pool["status"]["conditions"]}["Ready"] == "True"


def test_a_template_without_a_runner_container_says_so(platform: Platform) -> None:
    platform.kube.create(
        "runnerpools",
        {
            "apiVersion": "vap.dev/v1alpha1",
            "kind": "RunnerPool",
            "metadata": {"name": "default"},
            "spec": {"template": {"spec": {"containers": [{"name": "main", "image": "x"}]}}},
        },
    )
    scenario = platform.startup()
    status = platform.wait_state(scenario, "init_startup", "NoCapacity")
    assert "cannot create runner pods" in status["message"]

    def trouble() -> str:
        pool = platform.kube.get("runnerpools", "default")
        conditions = (pool or {}).get("status", {}).get("conditions", [])
        return next((c["message"] for c in conditions if c["reason"] == "PodCreationFailed"), "")

    assert "no container named 'runner'" in wait_for(trouble, "the pool to say so")
