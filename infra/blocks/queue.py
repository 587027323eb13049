from aws_cdk import Duration, Names
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.blocks.logs import GONE
from infra.blocks.python_function import PythonFunction
from infra.config import FunctionName, Stage

RECEIVES = 7
"""
With the shortest visibility timeout, 90 s: for ten minutes, which an outage of a store may take. It is six times what
the function may take, so of `wake`, 180 s: twenty-one minutes.
"""

CONCURRENCY = 50
"""Messages under way at once: a storm must not take the functions' shared concurrency from everybody else."""


class WorkQueue(Construct):
    """
    Work that one function does, message by message, at least once, in no order.

    What it gives back is seen again after the visibility timeout, six times what the function may take; what it has
    given back too often waits two weeks among the dead letters, for operators to look at and redrive.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        stage: Stage,
        name: str,
        worker: FunctionName,
        key: kms.IKey,
        receives: int = RECEIVES,
    ) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"natter-{stage.name}-{name}-dead",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=Duration.days(14),
            removal_policy=GONE,
        )
        self._queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"natter-{stage.name}-{name}",
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            data_key_reuse=Duration.hours(1),
            enforce_ssl=True,
            visibility_timeout=Duration.seconds(6 * stage.sizing[worker].timeout_s),
            retention_period=Duration.days(1),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self._dead, max_receive_count=receives),
            removal_policy=GONE,
        )
        self.url = self._queue.queue_url

    def grant_send(self, grantee: iam.IGrantable) -> None:
        self._allow(grantee, ["sqs:SendMessage"], ["kms:Decrypt", "kms:GenerateDataKey"])

    def work(self, function: PythonFunction, *, comes_again: bool = False) -> None:
        """
        One message an invocation: one that is slow does not hold up others.

        `comes_again`: the function puts what is left back itself, later each time and not for ever. Lambda would take
        that for a loop, and stop it after some 16 rounds (developer guide, "recursive loop detection").
        """
        if comes_again:
            function.allow_recursion()
        received = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        self._allow(function, received, ["kms:Decrypt"])
        function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(self._queue.node)}",  # as the CDK's own, whose grants are not wanted
            event_source_arn=self._queue.queue_arn,
            batch_size=1,
            report_batch_item_failures=True,
            max_concurrency=CONCURRENCY,
        )

    def _allow(self, grantee: iam.IGrantable, actions: list[str], of_the_key: list[str]) -> None:
        """`Queue.grant_…` would let whoever sends something decrypt whatever the key encrypts, and more."""
        iam.Grant.add_to_principal(grantee=grantee, actions=actions, resource_arns=[self._queue.queue_arn])
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=of_the_key,
            resource_arns=[self._key.key_arn],
            conditions={"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": self._queue.queue_arn}},
        )

    def metric_oldest_age(self, *, period: Duration) -> cloudwatch.Metric:
        """Seconds that the message that waits longest has waited."""
        return self._queue.metric_approximate_age_of_oldest_message(period=period, statistic="max")

    def metric_dead(self, *, period: Duration) -> cloudwatch.Metric:
        """Messages that came to nothing."""
        return self._dead.metric_approximate_number_of_messages_visible(period=period, statistic="max")
