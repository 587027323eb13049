import base64
from collections.abc import Sequence

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from natter.adapters.webpush.vapid import KEYS_TTL_S, TOKEN_TTL_S, Vapid, VapidKey
from natter.domain.errors import Unavailable

SECRET = "x" * 40
OTHER = "y" * 40
ORIGIN = "https://push.example"
CONTACT = "mailto:operators@natter.example"
NOW_S = 1_800_000_000


def claims(authorization: str) -> dict[str, object]:
    """Of a token whose signature is right, by the key beside it; it may be of any time."""
    token, key = authorization.removeprefix("vapid t=").split(", k=")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), base64.urlsafe_b64decode(key + "="))
    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    return dict(jwt.decode(token, public, algorithms=["ES256"], options={"verify_aud": False, "verify_exp": False}))


class TestAKey:
    def test_is_the_same_for_the_same_secret(self) -> None:
        """For ever: browsers have subscribed with it."""
        assert VapidKey(SECRET).public_key == (
            "BEMHZuU7Z0Jsu5EHoW1fddoz8jF_VgvSsh33_eUuo5sK5r5EcBhEjoj5QPCFWEptfnDy6oCMZk4NukRzOVyqOzs"
        )
        assert VapidKey(SECRET).public_key != VapidKey(OTHER).public_key

    def test_is_an_uncompressed_point(self) -> None:
        raw = base64.urlsafe_b64decode(VapidKey(SECRET).public_key + "=")
        assert (len(raw), raw[0]) == (65, 4)

    def test_is_not_made_of_a_word(self) -> None:
        with pytest.raises(ValueError, match="32 characters"):
            VapidKey("x" * 31)


class TestAToken:
    def test_says_who_we_are_to_whom_and_for_how_long(self) -> None:
        authorization = VapidKey(SECRET).authorization(ORIGIN, contact=CONTACT, now_s=NOW_S)
        assert claims(authorization) == {"aud": ORIGIN, "sub": CONTACT, "exp": NOW_S + TOKEN_TTL_S}
        assert TOKEN_TTL_S < 24 * 3600

    def test_is_used_again_until_shortly_before_its_end(self) -> None:
        key = VapidKey(SECRET)
        first = key.authorization(ORIGIN, contact=CONTACT, now_s=NOW_S)
        late = NOW_S + TOKEN_TTL_S - 3600
        assert key.authorization(ORIGIN, contact=CONTACT, now_s=late) == first
        renewed = key.authorization(ORIGIN, contact=CONTACT, now_s=late + 1)
        assert claims(renewed)["exp"] == late + 1 + TOKEN_TTL_S

    def test_is_for_one_push_service(self) -> None:
        key = VapidKey(SECRET)
        origins = [f"https://{n}.push.example" for n in range(600)]
        for origin in origins:
            assert claims(key.authorization(origin, contact=CONTACT, now_s=NOW_S))["aud"] == origin
        assert len(key._tokens) < 300


class TestOurKeys:
    def test_are_read_again_after_a_while(self) -> None:
        now, secrets = [0.0], [SECRET]
        reads: list[Sequence[str]] = []

        def read() -> Sequence[str]:
            reads.append(list(secrets))
            return reads[-1]

        vapid = Vapid(read, contact=CONTACT, monotonic=lambda: now[0])
        before = vapid.public_key()
        secrets[:] = [OTHER, SECRET]
        now[0] = KEYS_TTL_S
        assert vapid.public_key() == before
        now[0] += 1
        assert vapid.public_key() == VapidKey(OTHER).public_key
        assert len(reads) == 2
        assert [each.split("k=")[1] for each in vapid.authorizations(ORIGIN)] == [vapid.public_key(), before]

    def test_that_cannot_be_read_are_an_outage(self) -> None:
        def read() -> Sequence[str]:
            raise Unavailable("secrets")

        with pytest.raises(Unavailable):
            Vapid(read, contact=CONTACT).public_key()
