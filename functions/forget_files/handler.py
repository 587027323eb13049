"""Consumer of the queue of files: removes what deleted messages have shown."""

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.ports.attachments import Attachments
from natter.records.attachments import load_forgotten
from natter.settings import ForgetFilesSettings


def build(attachments: Attachments) -> LambdaHandler:
    def consume(body: str) -> None:
        files = load_forgotten(body)
        attachments.erase(files.conversation_id, files.attachments)

    return queue_consumer(consume)


lambda_handler = lazily(lambda: build(Engines(ForgetFilesSettings()).attachments))
