"""`shutdown`: set desiredState to Inactive. Without a custom resource the answer is inactive."""

from vap_common.lifecycle import StateReason
from vap_common.messages import InitScenario
from vap_common.times import utc_now
from vap_operator.commands.context import CommandContext
from vap_operator.commands.outcome import UndeliveredError
from vap_operator.kube.errors import NotFoundError
from vap_operator.kube.resources import VIDEOSCENARIOS
from vap_operator.scenario.ended import ended_without_resource


async def handle_shutdown(context: CommandContext, request: InitScenario, traceparent: str | None) -> str:
    """Returns the outcome: ending, ended or absent. Raises KubeError to be tried again."""
    scenario = context.store.find(request.scenario_uuid) or await context.lookup.read(request.scenario_uuid)
    if scenario is None:
        await answer_absent(context, request, traceparent)
        return "absent"
    if scenario.status.state.is_final or scenario.spec.desired_state == "Inactive" or scenario.deleting:
        context.reconciler.publish_again(scenario.key)
        return "ended"
    try:
        body = await context.api.merge_patch(VIDEOSCENARIOS, scenario.key, {"spec": {"desiredState": "Inactive"}})
    except NotFoundError:
        context.intake.scenario_gone(scenario)
        await answer_absent(context, request, traceparent)
        return "absent"
    context.intake.scenario(None, body)
    return "ending"


async def answer_absent(context: CommandContext, request: InitScenario, traceparent: str | None) -> None:
    """There is nothing to stop: the scenario is inactive. Raises UndeliveredError."""
    message = "there is no custom resource of this scenario"
    answer = ended_without_resource(request, StateReason.DELETED, message, utc_now())
    if not await context.publisher.status_and_wait(answer, traceparent):
        raise UndeliveredError("the answer to a shutdown was not delivered")
