"""Consumer of the queue of files: keeps what messages show, discards what they have ceased to show."""

from collections.abc import Callable

from natter.bootstrap.engines import Engines
from natter.domain.attachments import UnsettledFiles
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.attachments import load_unsettled
from natter.settings import SettleFilesSettings
from natter.usecases.attachments.find_message import FindMessage
from natter.usecases.attachments.settle_files import SettleFiles


def build(settle: Callable[[UnsettledFiles], None]) -> LambdaHandler:
    return queue_consumer(lambda body: settle(load_unsettled(body)))


def settle_files(engines: Engines) -> SettleFiles:
    return SettleFiles(
        timeline=engines.timeline,
        store=engines.event_store,
        find=FindMessage(timeline=engines.timeline),
        attachments=engines.attachments,
        now_ms=engines.now_ms,
    )


lambda_handler = lazily(lambda: build(settle_files(Engines(SettleFilesSettings()))))
