"""Makes the archive of somebody who has asked for what is known of them; invoked asynchronously by `users_api`."""

from collections.abc import Callable, Mapping

from natter.bootstrap.engines import Engines
from natter.domain.ids import UserId
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import ExportSettings
from natter.telemetry import logger
from natter.usecases.privacy.make_export import MakeExport


def build(make: Callable[[UserId, str], bool]) -> LambdaHandler:
    def handle(event: Mapping[str, str], _context: object) -> dict[str, bool]:
        made = make(UserId(event["user_id"]), event["export_id"])
        logger.info("export", extra={"export_id": event["export_id"], "made": made})
        return {"made": made}

    return handle


def _made() -> LambdaHandler:
    engines = Engines(ExportSettings())
    make = MakeExport(
        exports=engines.exports,
        archives=engines.archives,
        users=engines.users,
        notification_settings=engines.notification_settings,
        devices=engines.devices,
        sessions=engines.sessions,
        contacts=engines.contacts,
        blocks=engines.blocks,
        conversations=engines.conversations,
        timeline=engines.timeline,
        now_ms=engines.now_ms,
    )
    return build(make)


lambda_handler = lazily(_made)
