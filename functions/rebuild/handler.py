"""
Rebuilds the registry of connections where it has lost its data: every minute, and whenever somebody who looks up
connections finds out, who asks for it in a queue.
"""

from collections.abc import Callable, Mapping
from typing import Any

from natter.bootstrap.engines import Engines
from natter.domain.ids import new_id
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.settings import RebuildSettings
from natter.telemetry import logger
from natter.telemetry.measured import record_rebuilt
from natter.usecases.delivery.rebuild import Rebuild, Rebuilt


def build(rebuild: Callable[[], Rebuilt | None]) -> LambdaHandler:
    def run() -> None:
        rebuilt = rebuild()
        if rebuilt is not None:
            logger.warning(
                "registry rebuilt",
                extra={"lost": rebuilt.lost, "rebuilt": rebuilt.rebuilt, "connections": rebuilt.connections},
            )
            record_rebuilt(rebuilt)

    queue = queue_consumer(lambda _body: run())

    def handle(event: Mapping[str, Any], context: Any) -> Any:
        """Messages of SQS come as `Records`; the schedule's event, and that of a deployment, have none."""
        return queue(event, context) if "Records" in event else run()

    return handle


def _made() -> LambdaHandler:
    settings = RebuildSettings()
    engines = Engines(settings)
    return build(
        Rebuild(
            marks=engines.registry_marks,
            queue=engines.rebuilds,
            history=engines.connection_history,
            connections=engines.connections,
            traces=engines.traces,
            sessions=engines.sessions,
            close=engines.close_connections,
            new_id=new_id,
            now_ms=engines.now_ms,
            most=settings.rebuilding.parts,
        )
    )


lambda_handler = lazily(_made)
