import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.errors import BadRequest
from natter.domain.push.subscriptions import PushHost, Subscription

POINT = ec.generate_private_key(ec.SECP256R1()).public_key()
RAW = POINT.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA-_x?y=1"
HOSTS = [PushHost.of("fcm.googleapis.com"), PushHost.of("*.push.services.mozilla.com")]


def text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


KEYS = {"p256dh": text(RAW), "auth": text(bytes(16))}


def token(endpoint: Any = ENDPOINT, keys: Any = KEYS, **more: Any) -> str:
    return json.dumps({"endpoint": endpoint, "keys": keys, "expirationTime": None} | more)


class TestASubscription:
    def test_is_read_as_browsers_write_it(self) -> None:
        found = Subscription.of(token())
        assert found == Subscription(
            host="updates.push.services.mozilla.com",
            port=443,
            path="/wpush/v2/gAAAA-_x?y=1",
            p256dh=RAW,
            auth=bytes(16),
        )
        assert found.origin == "https://updates.push.services.mozilla.com"

    def test_has_a_port_in_its_origin_if_it_is_not_the_usual_one(self) -> None:
        assert Subscription.of(token("https://LocalHost:8443/x")).origin == "https://localhost:8443"
        assert Subscription.of(token("https://host:443/x")).origin == "https://host"

    def test_is_one_token_however_it_is_written(self) -> None:
        """It was another's as well whose browser wrote it with another time of expiry, or a space."""
        port, place = "https://Updates.push.services.mozilla.com:443", ENDPOINT.split("/", 3)[3]
        loose = KEYS["auth"][:-1] + "B"  # its last bits are of no byte
        written = (
            token(),
            token(expirationTime=1_800_000_000_000),
            token() + " ",
            json.dumps({"keys": dict(reversed(KEYS.items())), "endpoint": f"{port}/{place}"}),
            token(keys=KEYS | {"auth": loose}),
        )
        (one,) = {Subscription.of(each).token for each in written}
        assert Subscription.of(one) == Subscription.of(token())
        assert Subscription.of(token(ENDPOINT + "2")).token != one

    def test_shows_nobody_how_to_wake_it(self) -> None:
        assert repr(Subscription.of(token())) == "Subscription(updates.push.services.mozilla.com)"

    @pytest.mark.parametrize(
        "endpoint",
        [
            "http://fcm.googleapis.com/x",
            "https://user@fcm.googleapis.com/x",
            "https://user:password@fcm.googleapis.com/x",
            "https://fcm.googleapis.com/x#y",
            "https://fcm.googleapis.com",
            "https://fcm.googleapis.com\\@127.0.0.1/x",
            "https://fcm.googleapis.com:/x",
            "https://fcm.googleapis.com/x y",
            "https://fcm.googleapis.com/x\r\nHost: elsewhere",
            "https://fcm.googleapis.com/ü",
            "https://fcm..googleapis.com/x",
            "https://.googleapis.com/x",
            "https://-fcm.googleapis.com/x",
            "https://" + "a" * 64 + ".notify.windows.com/x",
            "https://[::1]/x",
            "https:///x",
            " https://fcm.googleapis.com/x",
            "file:///etc/passwd",
            "",
            None,
            7,
            ["https://fcm.googleapis.com/x"],
        ],
    )
    def test_has_a_url_of_one_form(self, endpoint: Any) -> None:
        with pytest.raises(BadRequest, match=r"^token\.endpoint: "):
            Subscription.of(token(endpoint))

    @pytest.mark.parametrize(
        ("keys", "field"),
        [
            (None, "keys.p256dh"),
            ([], "keys.p256dh"),
            ({"auth": KEYS["auth"]}, "keys.p256dh"),
            (KEYS | {"p256dh": 5}, "keys.p256dh"),
            (KEYS | {"p256dh": text(RAW[:64])}, "keys.p256dh"),
            (KEYS | {"p256dh": text(RAW) + "="}, "keys.p256dh"),
            (KEYS | {"p256dh": text(b"\x02" + RAW[1:])}, "keys.p256dh"),
            (KEYS | {"p256dh": text(RAW[:-1] + bytes([RAW[-1] ^ 1]))}, "keys.p256dh"),
            (KEYS | {"p256dh": text(b"\x04" + bytes(64))}, "keys.p256dh"),
            (KEYS | {"p256dh": text(b"\x04" + b"\xff" * 64)}, "keys.p256dh"),
            ({"p256dh": KEYS["p256dh"]}, "keys.auth"),
            (KEYS | {"auth": text(bytes(15))}, "keys.auth"),
            (KEYS | {"auth": text(bytes(17))}, "keys.auth"),
            (KEYS | {"auth": "+" * 22}, "keys.auth"),
        ],
    )
    def test_has_keys_that_can_be_used(self, keys: Any, field: str) -> None:
        with pytest.raises(BadRequest, match=rf"^token\.{field}: "):
            Subscription.of(token(keys=keys))

    @pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"x"', "[" * 2000])
    def test_is_an_object(self, text: str) -> None:
        with pytest.raises(BadRequest, match=r"^token"):
            Subscription.of(text)

    @given(st.text(max_size=200))
    def test_is_read_or_refused(self, endpoint: str) -> None:
        try:
            found = Subscription.of(token("https://" + endpoint))
        except BadRequest:
            return
        assert set(found.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
        assert found.path.isascii()
        assert found.path.isprintable()
        assert " " not in found.path

    @given(st.integers(min_value=1, max_value=2**64))
    def test_has_a_point_of_the_curve(self, scalar: int) -> None:
        point = ec.derive_private_key(scalar, ec.SECP256R1()).public_key()
        raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        assert Subscription.of(token(keys=KEYS | {"p256dh": text(raw)})).p256dh == raw


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        ["fcm.googleapis.com", "FCM.googleapis.com", "updates.push.services.mozilla.com", "fcm.googleapis.com:443"],
    )
    def test_that_are_known_may_be_named(self, host: str) -> None:
        assert Subscription.of(token(f"https://{host}/x")).host_among(HOSTS) in HOSTS

    @pytest.mark.parametrize(
        "host",
        [
            "example.com",
            "push.services.mozilla.com",
            "evilpush.services.mozilla.com",
            "a.push.services.mozilla.com.example.com",
            "fcm.googleapis.com.example.com",
            "x.fcm.googleapis.com",
            "fcm.googleapis.com:8443",
            "169.254.169.254",
            "127.0.0.1",
            "2130706433",
        ],
    )
    def test_that_are_not_may_not(self, host: str) -> None:
        subscription = Subscription.of(token(f"https://{host}/x"))
        with pytest.raises(BadRequest, match=r"^token\.endpoint: "):
            subscription.host_among(HOSTS)

    def test_say_whether_they_may_be_private(self) -> None:
        local = PushHost.of("localhost:8443", private=True)
        subscription = Subscription.of(token("https://localhost:8443/x"))
        assert subscription.host_among([*HOSTS, local]).private
        assert not any(host.private for host in HOSTS)
