"""The smaller pure parts: sources, restarts, telemetry, records, last words."""

import base64
import uuid
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from tests.operator.unit.builders import EPOCH, NOW, USABLE, metadata, placement, report, scenario
from vap_common.camera.address_policy import AddressPolicy
from vap_common.camera.cipher import CameraUrlCipher, generate_key
from vap_common.lifecycle import ScenarioState, StateReason, can_transition
from vap_common.messages import DeployAction, InitScenario
from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.videoscenario import SecretRef, Source, TransitionEntry
from vap_operator.scenario.ended import ended_after, ended_without_resource
from vap_operator.scenario.records import Order, OrderKind, build_order, build_status, wanted_order
from vap_operator.scenario.restarts import restart_not_before
from vap_operator.scenario.settings_hash import settings_hash
from vap_operator.scenario.source import MissingSecret, SourceFact, SourceResolver, UnusableSource, UsableSource
from vap_operator.scenario.telemetry import current_telemetry, next_epoch

KEY = generate_key()
CIPHER = CameraUrlCipher(SecretStr(KEY))
FULL = "rtsp://admin:hunter2@10.0.0.9/a"
S = ScenarioState


def resolve(data: dict[str, str] | None, key: str = "url", cipher: CameraUrlCipher = CIPHER) -> SourceFact:
    subject = scenario(spec={"source": Source(url_secret_ref=SecretRef(name="cam", key=key))})
    secret = None
    if data is not None:
        encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
        secret = CameraSecret(metadata=metadata("cam"), data=encoded)
    return SourceResolver(AddressPolicy(), cipher, b"k").resolve(subject, secret)


def test_sources_from_secrets() -> None:
    assert isinstance(resolve(None), MissingSecret)
    assert isinstance(resolve({"other": FULL}), MissingSecret)
    plain = resolve({"url": FULL})
    assert isinstance(plain, UsableSource)
    assert (plain.public, CIPHER.decrypt(plain.encrypted or "")) == ("rtsp://10.0.0.9/a", FULL)
    closed = resolve({"url": CIPHER.encrypt(FULL)})
    assert isinstance(closed, UsableSource)
    assert closed.public == plain.public
    ours = resolve({"encryptedUrl": "token", "publicUrl": "rtsp://10.0.0.9/a"}, key="encryptedUrl")
    assert isinstance(ours, UsableSource)
    assert ours.encrypted == "token"


def test_sources_that_can_never_work_say_what_to_change() -> None:
    foreign = CameraUrlCipher(SecretStr(generate_key())).encrypt(FULL)
    for data, says in (
        ({"url": foreign}, "VAP_SECRET_KEY"),
        ({"url": "rtsp://127.0.0.1/a"}, "CAMERA_ALLOW_LOOPBACK"),
        ({"encryptedUrl": "token", "publicUrl": "rtsp://[::1]/a"}, "CAMERA_ALLOW_LOOPBACK"),
    ):
        fact = resolve(data, key=next(iter(data)))
        assert isinstance(fact, UnusableSource)
        assert says in fact.message
    keyless = resolve({"url": FULL}, cipher=CameraUrlCipher(None))
    assert isinstance(keyless, UnusableSource)
    assert "VAP_SECRET_KEY" in keyless.message


def test_fingerprints_follow_the_content_and_show_nothing_of_it() -> None:
    one, same, other = resolve({"url": FULL}), resolve({"url": FULL, "x": "y"}), resolve({"url": FULL + "b"})
    assert isinstance(one, UsableSource)
    assert isinstance(same, UsableSource)
    assert isinstance(other, UsableSource)
    assert one.fingerprint == same.fingerprint != other.fingerprint
    assert "hunter2" not in repr(one)
    analysis = scenario().spec.analysis()
    assert settings_hash(analysis, one.fingerprint) != settings_hash(analysis, other.fingerprint)
    assert settings_hash(analysis, "") != settings_hash(analysis.model_copy(update={"emit": "OnChange"}), "")


@given(st.integers(0, 12), st.integers(0, 90))
def test_restarts_come_at_once_then_ever_more_slowly(count: int, since_s: int) -> None:
    last = NOW - timedelta(seconds=since_s)
    entries = tuple(
        TransitionEntry(sequence=n, state=S.IN_STARTUP_PROCESSING, reason="WorkerLost", at=last) for n in range(count)
    )
    due = restart_not_before(entries, NOW)
    pause = min(60.0, 2.0 ** (count - 1)) if count else 0.0
    assert (due is None) == (since_s >= pause)
    assert due is None or due - last == timedelta(seconds=pause)


def test_changed_settings_and_draining_do_not_slow_down() -> None:
    entries = tuple(
        TransitionEntry(sequence=n, state=S.IN_STARTUP_PROCESSING, reason=reason, at=NOW)
        for n, reason in enumerate(["WorkerAssigned", "SettingsChanged", "RunnerDrained"])
    )
    assert restart_not_before(entries, NOW) is None


@given(st.lists(st.lists(st.integers(0, 50), max_size=4), max_size=5))
def test_frames_are_counted_over_epochs_and_never_down(epochs: list[list[int]]) -> None:
    block = None
    total = 0
    for frames in epochs:
        for count in frames:
            before = block.frames_processed if block else 0
            block = current_telemetry(block, report(frames=count))
            assert block.frames_processed >= before
        total += max(frames, default=0)
        if block is not None:
            assert block.frames_processed == total
            block = next_epoch(block)
    assert block is None or block.frames_before_epoch == total


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        (S.INIT_STARTUP, OrderKind.STOP),
        (S.IN_STARTUP_PROCESSING, OrderKind.START),
        (S.ACTIVE, OrderKind.START),
        (S.INIT_SHUTDOWN, OrderKind.STOP),
        (S.IN_SHUTDOWN_PROCESSING, OrderKind.STOP),
        (S.INACTIVE, OrderKind.TOMBSTONE),
    ],
)
def test_the_order_that_follows_from_a_state(state: ScenarioState, kind: OrderKind) -> None:
    assert wanted_order(scenario(state, placed=placement()).status) == Order(kind, EPOCH)
    assert wanted_order(scenario(state).status) is None


def test_orders_carry_credentials_only_encrypted_and_only_to_start() -> None:
    source = UsableSource("rtsp://10.0.0.7/a", "token")
    subject = scenario(S.ACTIVE, placed=placement())
    start = build_order(subject, Order(OrderKind.START, EPOCH), source, NOW)
    stop = build_order(subject, Order(OrderKind.STOP, EPOCH), source, NOW)
    assert start
    assert stop
    assert (start.camera_url_encrypted, stop.camera_url_encrypted) == ("token", None)
    assert (start.action, stop.action) == (DeployAction.START, DeployAction.STOP)
    assert start.order < stop.order
    assert build_order(subject, Order(OrderKind.TOMBSTONE, EPOCH), source, NOW) is None
    with pytest.raises(LookupError):
        build_order(subject, Order(OrderKind.START, EPOCH), MissingSecret("x"), NOW)


def test_a_new_scenarios_status_has_its_first_transition() -> None:
    status = build_status(scenario(), USABLE, None, NOW)
    assert [(t.sequence, t.state) for t in status.transitions] == [(0, S.INIT_STARTUP)]
    assert (status.order, status.ready, status.name) == ((0, 0), False, "dock-3")


@pytest.mark.parametrize("state", list(S))
def test_last_words_end_from_every_state(state: ScenarioState) -> None:
    last = build_status(scenario(state, placed=placement(), status={"sequence": 5}), USABLE, None, NOW)
    ended = ended_after(last, StateReason.DELETED, "gone", NOW)
    assert ended.status is S.INACTIVE
    assert ended.order >= last.order
    states = [state, *(entry.state for entry in ended.transitions[len(last.transitions) :])]
    assert all(can_transition(one, two) for one, two in pairwise(states))


def test_an_answer_without_a_resource_is_newer_than_all_that_is_known() -> None:
    request = InitScenario(
        scenario_uuid=uuid.UUID(int=4), camera_url="rtsp://10.0.0.7/a", last_epoch=2**50, requested_at=NOW
    )
    answer = ended_without_resource(request, StateReason.DELETED, "x", NOW)
    assert answer.epoch == 2**50 + 1
    assert [entry.state for entry in answer.transitions] == [S.INIT_SHUTDOWN, S.IN_SHUTDOWN_PROCESSING, S.INACTIVE]
