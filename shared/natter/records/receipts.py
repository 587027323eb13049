"""Records of `chat.receipts`."""

from pydantic import TypeAdapter

from natter.domain.receipts import Receipt
from natter.records.base import loaded

RECEIPT_SCHEMA = b"receipt/1"


_receipt = TypeAdapter(Receipt)


def dump_receipt(receipt: Receipt) -> bytes:
    return _receipt.dump_json(receipt, exclude_defaults=True)


def load_receipt(value: bytes, schema: bytes | None) -> Receipt:
    """
    The receipt of a record.

    Raises:
        BadRecordError: it is of no schema that is known here, or does not fit it.
    """
    return loaded(_receipt, value, schema, expected=RECEIPT_SCHEMA)
