"""`sync`: say again what is true of a scenario."""

from vap_common.messages import InitScenario
from vap_operator.commands.context import CommandContext
from vap_operator.commands.handle_shutdown import answer_absent
from vap_operator.commands.handle_startup import handle_startup


async def handle_sync(context: CommandContext, request: InitScenario, traceparent: str | None) -> str:
    """Publishes the state again; a scenario that never had a worker and has no custom resource is made now.

    Returns the outcome. Raises KubeError to be tried again.
    """
    scenario = context.store.find(request.scenario_uuid) or await context.lookup.read(request.scenario_uuid)
    if scenario is not None:
        context.reconciler.publish_again(scenario.key)
        return "published"
    if request.last_epoch is None:
        return await handle_startup(context, request, traceparent)
    await answer_absent(context, request, traceparent)
    return "absent"
