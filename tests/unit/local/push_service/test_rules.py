import base64
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.push_service.rules import Refusal, check_headers, check_signature

ORIGIN = "https://127.0.0.1:8443"
HEADERS = {"ttl": "60", "content-encoding": "aes128gcm", "topic": "a" * 32, "urgency": "high"}
PRIVATE = ec.generate_private_key(ec.SECP256R1())
POINT = PRIVATE.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
KEY = base64.urlsafe_b64encode(POINT).rstrip(b"=").decode()


def signed(**changed: Any) -> str:
    claims = {"aud": ORIGIN, "exp": int(time.time()) + 3600, "sub": "mailto:operators@natter.example"} | changed
    return f"vapid t={jwt.encode(claims, PRIVATE, algorithm='ES256')}, k={KEY}"


class TestHeaders:
    def test_that_are_complete_are_taken(self) -> None:
        check_headers(HEADERS, bytes(4096))
        check_headers({name: HEADERS[name] for name in ("ttl", "content-encoding")}, b"")

    @pytest.mark.parametrize(
        ("status", "changed", "length"),
        [
            (413, {}, 4097),
            (400, {"ttl": None}, 1),
            (400, {"ttl": "-1"}, 1),
            (400, {"content-encoding": "aesgcm"}, 1),
            (400, {"topic": "a" * 33}, 1),
            (400, {"topic": "a+b"}, 1),
            (400, {"urgency": "highest"}, 1),
        ],
    )
    def test_that_are_not_are_refused(self, status: int, changed: dict[str, str | None], length: int) -> None:
        headers = {name: value for name, value in (HEADERS | changed).items() if value is not None}
        with pytest.raises(Refusal) as refusal:
            check_headers(headers, bytes(length))
        assert refusal.value.status == status


class TestSignatures:
    def test_by_the_key_of_the_subscription_are_taken(self) -> None:
        check_signature(signed(), key=KEY, origin=ORIGIN)

    @pytest.mark.parametrize(
        ("status", "authorization"),
        [
            (401, ""),
            (401, f"WebPush {KEY}"),
            (403, signed(aud="https://elsewhere.example")),
            (403, signed(exp=int(time.time()) - 1)),
            (403, signed(exp=int(time.time()) + 25 * 3600)),
            (403, signed(sub="operators")),
            (403, signed().replace("t=ey", "t=fy")),
        ],
        ids=["none", "no token", "for others", "over", "for too long", "nobody's", "broken"],
    )
    def test_that_are_not_good_are_refused(self, status: int, authorization: str) -> None:
        with pytest.raises(Refusal) as refusal:
            check_signature(authorization, key=KEY, origin=ORIGIN)
        assert refusal.value.status == status

    def test_by_another_key_are_refused(self) -> None:
        with pytest.raises(Refusal) as refusal:
            check_signature(signed(), key=KEY[:-1] + ("A" if KEY[-1] != "A" else "B"), origin=ORIGIN)
        assert refusal.value.status == 403

    def test_that_were_looked_at_before_end_nevertheless(self, monkeypatch: pytest.MonkeyPatch) -> None:
        authorization = signed()
        check_signature(authorization, key=KEY, origin=ORIGIN)
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 3601)
        with pytest.raises(Refusal):
            check_signature(authorization, key=KEY, origin=ORIGIN)
