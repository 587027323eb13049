"""The queue of slices, for all who add to it."""

import boto3

from natter.adapters.deliveries_sqs import SQS, SqsSliceQueue
from natter.settings import DeliverySettings


def slice_queue(settings: DeliverySettings) -> SqsSliceQueue:
    return SqsSliceQueue(lambda: boto3.client("sqs", config=SQS), settings.queue_url)
