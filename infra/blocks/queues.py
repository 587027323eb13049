from collections.abc import Mapping

from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.blocks.queue import WorkQueue
from infra.config import Stage

FILES_RECEIVES = 160
"""Eight hours, which an outage may take: nobody waits for it, but what is sent is held for a day only."""


class Queues:
    """All work that one function leaves to another."""

    def __init__(self, scope: Construct, *, stage: Stage, key: kms.IKey) -> None:
        self.slices = WorkQueue(scope, "Slices", stage=stage, name="deliveries", worker="post_slice", key=key)
        self.files = WorkQueue(
            scope, "Files", stage=stage, name="files", worker="settle_files", receives=FILES_RECEIVES, key=key
        )
        self.looks = WorkQueue(scope, "Looks", stage=stage, name="looks", worker="presence", key=key)
        self.waves = WorkQueue(scope, "Waves", stage=stage, name="waves", worker="wake", key=key)
        self.crowds = WorkQueue(scope, "Crowds", stage=stage, name="crowds", worker="wake", key=key)
        self.rebuilds = WorkQueue(scope, "Rebuilds", stage=stage, name="rebuilds", worker="rebuild", key=key)
        self.closures = WorkQueue(scope, "Closures", stage=stage, name="closures", worker="close_connections", key=key)

        self.all: dict[str, WorkQueue] = {
            "slices": self.slices,
            "files": self.files,
            "looks": self.looks,
            "waves": self.waves,
            "crowds": self.crowds,
            "rebuilds": self.rebuilds,
            "closures": self.closures,
        }

    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """What functions are told of each."""
        told = {"DELIVERIES" if name == "slices" else name.upper(): queue for name, queue in self.all.items()}
        return {name: {"QUEUE_URL": queue.url} for name, queue in told.items()}
