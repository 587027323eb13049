"""The queues, for all who add to them. One client serves all: making it takes longer than using it."""

from functools import cache
from typing import TYPE_CHECKING

import boto3

from natter.adapters.sqs.client import SQS, SqsQueue
from natter.adapters.sqs.files import SqsFileQueue
from natter.adapters.sqs.looks import SqsLookQueue
from natter.adapters.sqs.rebuilds import SqsRebuildQueue
from natter.adapters.sqs.slices import SqsSliceQueue
from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.registry_marks import ValkeyRegistryMarks
from natter.settings import DeliverySettings, FileQueueSettings, LookQueueSettings, RebuildQueueSettings
from natter.usecases.delivery.rebuild import AskForRebuild

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


def slice_queue(settings: DeliverySettings) -> SqsSliceQueue:
    return SqsSliceQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of slices"))


def file_queue(settings: FileQueueSettings) -> SqsFileQueue:
    return SqsFileQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of files"))


def look_queue(settings: LookQueueSettings) -> SqsLookQueue:
    return SqsLookQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of looks"))


def ask_for_rebuild(valkey: Valkey, settings: RebuildQueueSettings) -> AskForRebuild:
    queue = SqsRebuildQueue(SqsQueue(_sqs, settings.queue_url, name="the queue of rebuildings"))
    return AskForRebuild(marks=ValkeyRegistryMarks(valkey), queue=queue)


@cache
def _sqs() -> "SQSClient":
    return boto3.client("sqs", config=SQS)
