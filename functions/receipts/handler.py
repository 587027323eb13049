"""Consumer of `chat.receipts`: moves members' cursors, and shows it to who may know."""

from dataclasses import replace

from natter.bootstrap.engines import Engines
from natter.domain.budgets import RECEIPTS_S
from natter.domain.receipts import ReceiptRecord
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.record import Batch
from natter.entrypoints.records import readable
from natter.entrypoints.stream import stream_consumer
from natter.ports.operations import DeadLetters
from natter.records.receipts import load_receipt
from natter.settings import ReceiptsSettings
from natter.usecases.receipts.fold_receipts import FoldReceipts


def build(fold: FoldReceipts, dead: DeadLetters) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        receipts = readable(batch, load_receipt, dead)
        fold([ReceiptRecord(receipt=receipt, at=raw.at) for raw, receipt in receipts])

    return stream_consumer(consume, dead)


def _made() -> LambdaHandler:
    engines = Engines(ReceiptsSettings())
    engines.warm(engines.valkey.warm, engines.sqs, engines.prepare_receipts)
    fold = FoldReceipts(
        timeline=engines.timeline,
        store=engines.event_store,
        admission=engines.admission,
        blocks=engines.blocks,
        frames=engines.frames,
        tell=replace(engines.tell, budget_s=RECEIPTS_S),
        now_ms=engines.now_ms,
        has_read=engines.ask_for_badges,
    )
    return build(fold, engines.dead)


lambda_handler = lazily(_made)
