"""Consumer of the queue of closures: closes connections that were opening, or did not answer, when they were to go."""

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.queue import queue_consumer
from natter.records.connections import load_closure
from natter.settings import CloseConnectionsSettings
from natter.usecases.accounts.close_connections import CloseConnections


def build(close: CloseConnections) -> LambdaHandler:
    def consume(body: str) -> None:
        close.again(load_closure(body))

    return queue_consumer(consume)


lambda_handler = lazily(lambda: build(Engines(CloseConnectionsSettings()).close_connections))
