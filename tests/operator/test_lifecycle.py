"""The six states, in order, for every way in which a scenario begins and ends."""

import uuid

from tests.operator.support.fake_runner import complete, recover, trouble
from tests.operator.support.platform import ENDING, LIVING, Platform
from tests.support.waiting import wait_for
from vap_common.lifecycle import WorkerErrorType
from vap_common.messages import AnalysisSettings, InitCommand


def test_startup_to_active_to_shutdown_in_order(shared: Platform) -> None:
    scenario = shared.startup(name="Dock 3", analysis=AnalysisSettings(detector="mock", frame_interval_ms=40))
    status = shared.wait_state(scenario, "active", "FramesFlowing")
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert conditions == {"Ready": "True", "Reconciling": "False", "Stalled": "False"}
    started = shared.orders.of(scenario)[-1]
    assert started.analysis == AnalysisSettings(detector="mock", frame_interval_ms=40)
    assert shared.wait_published(scenario, "active").name == "Dock 3"
    shared.shutdown(scenario)
    status = shared.wait_state(scenario, "inactive", "ShutdownRequested")
    assert status["finishedAt"]
    assert not status["placement"]["assigned"]
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == LIVING + ENDING
    wait_for(lambda: shared.orders.ends_with_tombstone(scenario), "the tombstone")
    assert [order.action.value for order in shared.orders.of(scenario)] == ["start", "stop"]
    assert shared.farm.on(scenario) is None


def test_a_resource_made_with_kubectl_appears_on_scenario_status_and_is_shut_down_by_its_uid(
    shared: Platform,
) -> None:
    scenario = shared.apply("dock-3")
    shared.wait_state("dock-3", "active")
    status = shared.wait_published(scenario, "active")
    assert (status.name, status.camera_url) == ("dock-3", "rtsp://10.0.0.8/b")
    resource = shared.scenario("dock-3")
    assert resource
    assert resource["metadata"]["finalizers"] == ["vap.dev/stop-worker"]
    assert "vap.dev/scenario-uuid" not in resource["metadata"].get("labels", {})
    shared.shutdown(scenario)
    shared.wait_state("dock-3", "inactive", "ShutdownRequested")
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == LIVING + ENDING


def test_a_label_alone_does_not_claim_a_uuid_of_rest(shared: Platform) -> None:
    claimed = uuid.uuid4()
    body = shared.kube.create(
        "videoscenarios",
        {
            "apiVersion": "vap.dev/v1alpha1",
            "kind": "VideoScenario",
            "metadata": {"name": "impostor", "labels": {"vap.dev/scenario-uuid": str(claimed)}},
            "spec": {"source": {"url": "rtsp://10.0.0.8/b"}},
        },
    )
    status = shared.wait_state("impostor", "active")
    assert status["scenarioUUID"] == body["metadata"]["uid"] != str(claimed)


def test_desired_state_inactive_ends_it(shared: Platform) -> None:
    scenario = shared.apply("to-be-inactive")
    shared.wait_state("to-be-inactive", "active")
    shared.kube.patch("videoscenarios", "to-be-inactive", {"spec": {"desiredState": "Inactive"}})
    shared.wait_state("to-be-inactive", "inactive", "ShutdownRequested")
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == LIVING + ENDING


def test_a_deleted_scenario_stops_its_worker_first(shared: Platform) -> None:
    scenario = shared.startup()
    shared.wait_state(scenario, "active")
    shared.kube.delete("videoscenarios", f"scenario-{scenario}")
    shared.wait_gone(scenario)
    last = shared.wait_published(scenario, "inactive")
    assert last.reason == "Deleted"
    assert shared.history(scenario) == LIVING + ENDING
    assert shared.farm.on(scenario) is None
    assert shared.orders.ends_with_tombstone(scenario)


def test_the_end_of_a_file_completes_it(shared: Platform) -> None:
    scenario = shared.startup(camera_url="rtsp://10.0.0.7/complete")
    status = shared.wait_state(scenario, "inactive", "Completed")
    assert status["telemetry"]["framesProcessed"] == 12
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == LIVING + ENDING
    assert [order.action.value for order in shared.orders.of(scenario)] == ["start", "stop"]


def test_the_end_of_a_file_after_a_while_completes_it(shared: Platform) -> None:
    scenario = shared.startup()
    shared.wait_state(scenario, "active")
    runner = shared.farm.on(scenario)
    assert runner
    runner.change(scenario, complete)
    shared.wait_state(scenario, "inactive", "Completed")


def test_shutdown_before_a_slot_was_free(shared: Platform) -> None:
    scenario = shared.apply("homeless", runnerPoolName="nowhere")
    status = shared.wait_state("homeless", "init_startup", "NoCapacity")
    assert "no RunnerPool named nowhere" in status["message"]
    assert shared.wait_reason(scenario, "NoCapacity").status == "init_startup"
    shared.kube.patch("videoscenarios", "homeless", {"spec": {"desiredState": "Inactive"}})
    shared.wait_state("homeless", "inactive", "ShutdownRequested")
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == ["init_startup", *ENDING]
    assert shared.orders.of(scenario) == []


def test_a_worker_that_fails_for_good_ends_as_failed_and_says_why_without_credentials(shared: Platform) -> None:
    scenario = shared.startup(camera_url="rtsp://10.0.0.7/missing")
    status = shared.wait_state(scenario, "inactive", "Failed")
    assert "NOT_FOUND: no such stream" in status["message"]
    assert "hunter2" not in str(status)
    assert {c["type"]: c["status"] for c in status["conditions"]}["Stalled"] == "True"
    shared.wait_published(scenario, "inactive")
    assert shared.history(scenario) == ["init_startup", "in_startup_processing", *ENDING]


def test_an_unreachable_camera_keeps_its_state_and_says_so(shared: Platform) -> None:
    scenario = shared.startup(camera_url="rtsp://10.0.0.7/unreachable")
    status = shared.wait_state(scenario, "in_startup_processing", "CONNECTION_FAILED")
    ready = status["conditions"][0]
    assert (ready["type"], ready["status"], ready["reason"]) == ("Ready", "False", "CONNECTION_FAILED")
    runner = shared.farm.on(scenario)
    assert runner
    runner.change(scenario, recover)
    shared.wait_state(scenario, "active", "FramesFlowing")
    runner.change(scenario, trouble(WorkerErrorType.AUTH_FAILED, "the camera refuses the password"))
    status = shared.wait_state(scenario, "active", "AUTH_FAILED")
    assert status["conditions"][0]["status"] == "False"
    shared.wait_reason(scenario, "AUTH_FAILED")
    runner.change(scenario, recover)
    shared.wait_state(scenario, "active", "FramesFlowing")
    assert status["placement"]["restarts"] == 0


def test_a_dead_worker_gets_a_successor_with_a_new_epoch(shared: Platform) -> None:
    scenario = shared.startup(camera_url="rtsp://10.0.0.7/die-once")
    wait_for(lambda: shared.status(scenario).get("placement", {}).get("restarts") == 1, "a second epoch")
    status = shared.wait_state(scenario, "active", "FramesFlowing")
    first, second = (order for order in shared.farm.starts() if order.scenario_uuid == scenario)
    assert second.epoch > first.epoch
    assert second.worker_id != first.worker_id
    assert status["transitions"][-2]["reason"] == "WorkerLost"


def test_a_refused_worker_goes_to_another_runner(shared: Platform) -> None:
    scenario = shared.startup(camera_url="rtsp://10.0.0.7/reject-once")
    shared.wait_state(scenario, "active", "FramesFlowing")
    first, second = (order for order in shared.farm.starts() if order.scenario_uuid == scenario)
    assert second.runner != first.runner
    assert "WorkerRejected" in {entry["reason"] for entry in shared.status(scenario)["transitions"]}


def test_a_changed_spec_starts_a_new_epoch_on_the_same_runner(shared: Platform) -> None:
    scenario = shared.apply("tuned")
    first = shared.wait_state("tuned", "active")
    shared.kube.patch("videoscenarios", "tuned", {"spec": {"detector": {"minConfidencePercent": 80}}})
    wait_for(lambda: shared.status("tuned")["placement"]["restarts"] == 1, "a new epoch")
    second = shared.wait_state("tuned", "active")
    assert second["placement"]["runner"] == first["placement"]["runner"]
    assert second["observedGeneration"] == 2
    assert "SettingsChanged" in {entry["reason"] for entry in second["transitions"]}
    newest = [order for order in shared.farm.starts() if order.scenario_uuid == scenario][-1]
    assert newest.analysis.min_confidence_percent == 80


def test_other_changes_of_the_spec_start_nothing(shared: Platform) -> None:
    shared.apply("kept")
    before = shared.wait_state("kept", "active")
    shared.kube.patch("videoscenarios", "kept", {"spec": {"ttlSecondsAfterFinished": 5}})
    wait_for(lambda: shared.status("kept")["observedGeneration"] == 2, "the generation to be observed")
    assert shared.status("kept")["placement"] == before["placement"]


def test_a_repeated_startup_changes_nothing(shared: Platform) -> None:
    scenario = shared.startup()
    before = shared.wait_state(scenario, "active")
    shared.ask(InitCommand.STARTUP, scenario, analysis=AnalysisSettings(detector="motion"))
    shared.ask(InitCommand.SYNC, scenario, last_epoch=before["placement"]["epoch"])
    count = len(shared.statuses.of(scenario))
    wait_for(lambda: len(shared.statuses.of(scenario)) > count, "an answer to the sync")
    resource = shared.scenario(scenario)
    assert resource
    assert resource["spec"]["detector"]["name"] == "nanodet"
    assert resource["status"]["placement"] == before["placement"]


def test_shutdown_without_a_resource_is_answered(shared: Platform) -> None:
    scenario = uuid.uuid4()
    shared.shutdown(scenario)
    status = shared.wait_published(scenario, "inactive")
    assert (status.reason, shared.history(scenario)) == ("Deleted", ENDING)
    assert status.epoch


def test_sync_without_a_resource_makes_it_only_if_no_epoch_was_ever_known(shared: Platform) -> None:
    lost, deleted = uuid.uuid4(), uuid.uuid4()
    shared.ask(InitCommand.SYNC, lost)
    shared.ask(InitCommand.SYNC, deleted, last_epoch=1_700_000_000_000)
    shared.wait_state(lost, "active")
    status = shared.wait_published(deleted, "inactive")
    assert status.epoch
    assert status.epoch > 1_700_000_000_000
    assert shared.scenario(deleted) is None


def test_a_startup_that_the_api_server_refuses_ends_as_failed(shared: Platform) -> None:
    scenario = shared.startup(analysis=AnalysisSettings(detector="crystal-ball"))
    status = shared.wait_published(scenario, "inactive")
    assert status.reason == "Failed"
    assert "spec.detector.name" in status.message
    after = shared.startup()
    shared.wait_state(after, "active")


def test_a_finished_scenario_goes_when_its_time_is_over(shared: Platform) -> None:
    shared.apply("short-lived", ttlSecondsAfterFinished=1, source={"url": "rtsp://10.0.0.7/complete"})
    shared.wait_gone("short-lived")


def test_telemetry_reaches_the_resource_and_counts_over_epochs(shared: Platform) -> None:
    scenario = shared.startup()
    shared.wait_state(scenario, "active")
    wait_for(lambda: shared.status(scenario)["telemetry"].get("framesProcessed", 0) >= 3, "telemetry")
    runner = shared.farm.on(scenario)
    assert runner
    counted = shared.status(scenario)["telemetry"]["framesProcessed"]
    shared.kube.patch("videoscenarios", f"scenario-{scenario}", {"spec": {"results": {"emit": "OnChange"}}})
    wait_for(lambda: shared.status(scenario)["placement"]["restarts"] == 1, "a new epoch")
    telemetry = shared.status(scenario)["telemetry"]
    assert telemetry["framesBeforeEpoch"] >= counted
    assert telemetry["framesProcessed"] >= telemetry["framesBeforeEpoch"]
