"""Consumer of `chat.receipts`: moves members' cursors, and shows it to who may know."""

from natter.bootstrap import receipts as bootstrap
from natter.domain.receipts import ReceiptRecord
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.entrypoints.stream import Batch, stream_consumer
from natter.ports.log import DeadLetters
from natter.settings import ReceiptsSettings
from natter.telemetry import logger
from natter.usecases.fold_receipts import FoldReceipts
from natter.wire.records import BadRecordError, load_receipt


def build(fold: FoldReceipts, dead: DeadLetters) -> LambdaHandler:
    def consume(batch: Batch) -> None:
        records = []
        for raw in batch:
            try:
                receipt = load_receipt(raw.value, raw.schema)
            except BadRecordError as error:  # will never work: kept for operators, and the lane moves on
                logger.error("record set aside", extra={"partition": raw.partition, "offset": raw.offset})
                dead.add(raw.topic, raw.key, raw.value, f"{type(error).__name__}: {error}")
            else:
                records.append(ReceiptRecord(receipt=receipt, at=raw.at))
        fold(records)

    return stream_consumer(consume)


def _made() -> LambdaHandler:
    parts = bootstrap.receipts(ReceiptsSettings())
    return build(parts.fold, parts.dead)


lambda_handler = lazily(_made)
