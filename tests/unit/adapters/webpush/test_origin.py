import socket
import ssl
import time
from typing import Any

import pytest

from natter.adapters.webpush.origin import NotPublicError, Origin, is_public

LOOPBACK = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))


class TestAnAddress:
    @pytest.mark.parametrize(
        "address",
        ["142.250.74.42", "2a00:1450:4001:82b::200a", "2600:9000::1", "::ffff:142.250.74.42", "64:ff9b::8efa:4a2a"],
    )
    def test_of_the_internet_is_public(self, address: str) -> None:
        assert is_public(address)

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "0.0.0.0",  # noqa: S104
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fe80::1%eth0",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "::127.0.0.1",
            "::169.254.169.254",
            "::ffff:0:10.0.0.1",
            "fec0::1",
            "4000::1",
            "5f00::1",
            "3fff::1",
        ],
    )
    def test_of_this_machine_or_a_network_of_ours_is_not(self, address: str) -> None:
        assert not is_public(address)


class TestConnecting:
    def test_to_a_name_that_means_this_machine_is_refused_before_anything_is_sent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [LOOPBACK])
        monkeypatch.setattr(socket, "socket", lambda *_: pytest.fail("nothing is connected"))
        with pytest.raises(NotPublicError):
            origin(private=False).connect(time.monotonic() + 1)

    def test_is_to_the_address_that_was_looked_at(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The name is resolved once, and what it means a moment later does not count."""
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("142.250.74.42", 443))
        asked: list[str] = []
        connected: list[Any] = []

        def resolve(name: str, *_: object, **__: object) -> list[Any]:
            asked.append(name)
            return [LOOPBACK, public] if len(asked) == 1 else [LOOPBACK]

        class Socket:
            def __init__(self, *_: object) -> None: ...
            def settimeout(self, _: float) -> None: ...
            def close(self) -> None: ...

            def connect(self, address: Any) -> None:
                connected.append(address)
                raise ConnectionRefusedError

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        monkeypatch.setattr(socket, "socket", Socket)
        with pytest.raises(ConnectionError, match="not reached"):
            origin(private=False).connect(time.monotonic() + 1)
        assert asked == ["push.example"]
        assert connected == [public[4]]


def origin(*, private: bool) -> Origin:
    return Origin("push.example", 443, private, ssl.create_default_context)
