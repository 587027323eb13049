"""Live delivery made of memory."""

from collections.abc import Callable
from typing import Any

from natter.domain.connections import Connection
from natter.domain.delivery import Slice
from natter.ports.delivery import Connections, FanoutLog, Gateway, SliceQueue
from natter.usecases.delivery.deliver import Deliver
from natter.usecases.delivery.settle_posts import SettlePosts
from natter.wire.json_frames import JsonFrames
from tests.memory.deliveries import MemoryClosureQueue, MemoryFanoutLog, MemorySliceQueue
from tests.messages import LOBBY, NOON


def a_deliver(
    connections: Connections,
    gateway: Gateway,
    now_ms: Callable[[], int],
    *,
    queue: SliceQueue | None = None,
    fanout: FanoutLog | None = None,
    rebuild: Callable[[], None] = lambda: None,
    **bounds: Any,
) -> Deliver:
    return Deliver(
        connections=connections,
        gateway=gateway,
        frames=JsonFrames(),
        settle=SettlePosts(
            connections=connections,
            gateway=gateway,
            queue=queue or MemorySliceQueue(),
            closures=MemoryClosureQueue(),
            now_ms=now_ms,
        ),
        fanout=fanout or MemoryFanoutLog(),
        rebuild=rebuild,
        **bounds,
    )


def a_slice(*connections: Connection, seqs: tuple[int, ...] = (1,), **fields: Any) -> Slice:
    made = {"conversation_id": fields.pop("conversation", LOBBY), "made_at": NOON}
    return Slice(seqs=seqs, connections=connections, **{**made, **fields})
