"""Makes the archive of somebody who has asked for what is known of them; invoked asynchronously by `users_api`."""

from collections.abc import Callable, Mapping

from natter.bootstrap import export as bootstrap
from natter.domain.ids import UserId
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import ExportSettings
from natter.telemetry import logger


def build(make: Callable[[UserId, str], bool]) -> LambdaHandler:
    def handle(event: Mapping[str, str], _context: object) -> dict[str, bool]:
        made = make(UserId(event["user_id"]), event["export_id"])
        logger.info("export", extra={"export_id": event["export_id"], "made": made})
        return {"made": made}

    return handle


lambda_handler = lazily(lambda: build(bootstrap.export(ExportSettings())))
