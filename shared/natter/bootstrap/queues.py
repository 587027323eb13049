"""The queues, for all who add to them. One client serves all: making it takes longer than using it."""

from functools import cache
from typing import TYPE_CHECKING

import boto3

from natter.adapters.sqs.client import SQS, SqsQueue
from natter.adapters.sqs.closures import SqsClosureQueue
from natter.adapters.sqs.files import SqsFileQueue
from natter.adapters.sqs.looks import SqsLookQueue
from natter.adapters.sqs.slices import SqsSliceQueue
from natter.settings import ClosureQueueSettings, DeliverySettings, FileQueueSettings, LookQueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def slice_queue(settings: DeliverySettings) -> SqsSliceQueue:
    return SqsSliceQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of slices"))


def file_queue(settings: FileQueueSettings) -> SqsFileQueue:
    return SqsFileQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of files"))


def closure_queue(settings: ClosureQueueSettings) -> SqsClosureQueue:
    return SqsClosureQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of closures"))


def look_queue(settings: LookQueueSettings) -> SqsLookQueue:
    return SqsLookQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of looks"))


@cache
def _sqs() -> "SQSClient":
    return boto3.client("sqs", config=SQS)
