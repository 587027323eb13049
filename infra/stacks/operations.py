from aws_cdk import Stack
from constructs import Construct

from infra.blocks.environment import environment
from infra.blocks.spending import Spending
from infra.config import Stage
from infra.operations import callers, log, outside, stores, work
from infra.operations.alarms import Alarms, Because, Own
from infra.operations.burning import Burning
from infra.operations.dashboard import Dashboard
from infra.stacks.data import DataStack
from infra.stacks.network import NetworkStack
from infra.stacks.services import ServicesStack
from infra.stacks.streams import StreamsStack

FELT = Because(
    why="More users than the service levels allow cannot connect, cannot send, or wait for messages",
    felt="that Natter does not work, or is slow",
    runbook="service-levels",
)
LOST = Because(
    why="Something that was acknowledged is lost, or was set aside and never happened",
    felt="a message that was acknowledged and does not appear",
    runbook="lost-messages",
)


class OperationsStack(Stack):
    """
    Whether users are fine, and who is told if not: alarms by theme (`infra/operations`), the dashboard, the budget.

    Two alarms wake people: `users-feel-it` and `lost`. All others make tickets, or are parts of those.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        network: NetworkStack,
        data: DataStack,
        streams: StreamsStack,
        services: ServicesStack,
    ) -> None:
        super().__init__(scope, id_, env=environment(stage))
        alarms, own, functions = Alarms(self, stage=stage, key=data.key), Own(stage), services.functions
        burning = Burning(alarms, own)
        pages = [
            alarms.any_of("users-feel-it", burning.fast, FELT, tells="page"),
            alarms.any_of("lost", work.promises(alarms, own), LOST, tells="page"),
        ]

        callers.functions(alarms, functions, stage)
        callers.schedules(alarms, functions)
        callers.gateways(alarms, functions)
        log.readers(alarms, own, streams)
        log.brokers(alarms, streams, stage)
        stores.keyspaces(alarms, data)
        stores.postgres(alarms, own, data, stage)
        stores.valkey(alarms, data, stage)
        stores.files(alarms, data)
        work.queues(alarms, functions)
        work.pushes(alarms, own)
        work.ports(alarms, network)
        outside.visits(alarms, own, stage)

        Dashboard(
            self,
            stage=stage,
            own=own,
            data=data,
            streams=streams,
            functions=functions,
            alarms=[*pages, *burning.levels],
        )
        Spending(self, stage=stage)
