"""Every minute: goes on with the erasures of accounts that are not done."""

from collections.abc import Callable

from natter.bootstrap import erase as bootstrap
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import EraseSettings
from natter.telemetry import logger, record_erasures
from natter.usecases.privacy.erase import Swept


class IncompleteErasureError(Exception):
    """A step of one failed: the function's alarm rings when that does not pass."""


def build(erase: Callable[[], Swept]) -> LambdaHandler:
    def handle(_event: object, _context: object) -> dict[str, int]:
        swept = erase()
        record_erasures(swept)
        if swept.done or swept.failed:
            logger.info("erasures", extra={"done": swept.done, "failed": swept.failed})
        if swept.failed:
            raise IncompleteErasureError(f"{swept.failed} erasures failed")
        return {"done": swept.done}

    return handle


lambda_handler = lazily(lambda: build(bootstrap.erase(EraseSettings())))
