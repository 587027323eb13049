import socket
from typing import Any

import pytest

from natter.adapters.cassandra import client as cassandra
from natter.settings import KeyspacesSettings


class Cluster:
    """The driver's, as far as it is asked to connect: how it was configured last."""

    configured: dict[str, Any]

    def __init__(self, _contact_points: list[str], **configured: Any) -> None:
        Cluster.configured = configured

    def connect(self, _keyspace: str) -> None:
        return None


class TestConnect:
    def test_no_piece_of_a_request_waits_for_the_one_before_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        The driver sends what is over 4 KB in pieces. By Nagle's algorithm the last one waited for the acknowledgement
        of the others, which a server that waits for it delays: batches of eight messages took 40 ms more.
        """
        monkeypatch.setattr(cassandra, "Cluster", Cluster)
        cassandra.connect(KeyspacesSettings(endpoint="127.0.0.1:9042", keyspace="natter", auth="none"))
        assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in Cluster.configured["sockopts"]
