"""`startup`: make the custom resource. One that exists is success, and is never changed."""

from vap_common.lifecycle import StateReason
from vap_common.messages import InitScenario
from vap_common.times import utc_now
from vap_operator.commands.context import CommandContext
from vap_operator.commands.outcome import UndeliveredError
from vap_operator.kube.errors import AlreadyExistsError, RefusedError
from vap_operator.kube.resources import SECRETS, VIDEOSCENARIOS
from vap_operator.resources.base import JsonObject
from vap_operator.resources.camera_secret import CameraSecret
from vap_operator.resources.videoscenario import VideoScenario
from vap_operator.scenario.ended import ended_without_resource
from vap_operator.scenario.manifest import build_camera_secret, build_scenario

INVALID = (400, 422)


async def handle_startup(context: CommandContext, request: InitScenario, traceparent: str | None) -> str:
    """Returns the outcome: created, exists or refused. Raises KubeError to be tried again."""
    manifest = build_scenario(request, traceparent)
    outcome = "created"
    try:
        body = await context.api.create(VIDEOSCENARIOS, manifest)
    except AlreadyExistsError:
        body = await context.api.get(VIDEOSCENARIOS, manifest["metadata"]["name"])
        outcome = "exists"
    except RefusedError as error:
        if error.status not in INVALID:
            # Forbidden: a quota or a missing permission, which somebody can put right.
            raise
        await _refuse(context, request, traceparent, error)
        return "refused"
    await _make_secret(context, request, body)
    # What the API answered goes straight to work; the watch event that follows is no news.
    context.intake.scenario(None, body)
    return outcome


async def _make_secret(context: CommandContext, request: InitScenario, body: JsonObject) -> None:
    if request.camera_url_encrypted is None:
        return
    scenario = VideoScenario.parse(body)
    if scenario.deleting or scenario.status.state.is_final:
        return
    manifest = build_camera_secret(scenario, request.camera_url, request.camera_url_encrypted)
    try:
        stored = await context.api.create(SECRETS, manifest)
    except AlreadyExistsError:
        return
    context.store.secrets.accept(CameraSecret.parse(stored))


async def _refuse(context: CommandContext, request: InitScenario, traceparent: str | None, error: RefusedError) -> None:
    """The API server will never take it: the scenario ends as Failed, and says why."""
    answer = ended_without_resource(request, StateReason.FAILED, error.message, utc_now())
    if not await context.publisher.status_and_wait(answer, traceparent):
        raise UndeliveredError("the refusal of a startup was not delivered")
