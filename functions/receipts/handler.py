"""Consumer of `chat.receipts`: moves members' cursors, and shows it to who may know."""

from natter.bootstrap import receipts as bootstrap
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
    parts = bootstrap.receipts(ReceiptsSettings())
    return build(parts.fold, parts.dead)


lambda_handler = lazily(_made)
