from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_event_sources import ManagedKafkaEventSource, ProvisionedPollerConfig

from infra.blocks.python_function import PythonFunction
from infra.config import Stage


def consume(
    function: PythonFunction, *, stage: Stage, cluster_arn: str, topic: str, group: str, window_s: int = 0
) -> None:
    """
    One function reads one topic, in partition order, at least once.

    A batch that fails is given again without end, and the records behind it in its partition wait: a fault of
    infrastructure costs time, not data (P9). What can never be processed, the function itself puts into
    `chat.dead`. Pollers are as many as the partitions need at once and never scale: each rebalance would stop
    every partition for seconds. The group's name is explicit and the position TRIM_HORIZON, so a mapping made
    anew goes on where the last one stopped.

    Records are gathered for up to `window_s` seconds before they are handed over.
    """
    function.live.add_event_source(
        ManagedKafkaEventSource(
            cluster_arn=cluster_arn,
            topic=topic,
            consumer_group_id=group,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            max_batching_window=Duration.seconds(window_s),
            report_batch_item_failures=True,
            provisioned_poller_config=ProvisionedPollerConfig(
                minimum_pollers=stage.pollers,
                maximum_pollers=stage.pollers,
                poller_group_name=f"natter-{stage.name}" if stage.share_pollers else None,
            ),
        )
    )
