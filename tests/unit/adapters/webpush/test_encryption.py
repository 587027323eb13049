import base64

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from natter.adapters.webpush.encryption import encrypt, uncompressed
from natter.wire.push import MAX_PAYLOAD, MAX_WEB_PUSH
from tests.support.aes128gcm import Body, Receiver


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(raw(text)), ec.SECP256R1())


class TestTheVectors:
    """Of RFC 8291, 5 and appendix A, and of RFC 8188, 3."""

    PLAIN = b"When I grow up, I want to be a watermelon"
    BODY = raw(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    RECEIVER = Receiver(private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), raw("BTBZMqHH6r4Tts7J_aSIgg"))
    SENDER = private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")

    def test_is_what_the_rfc_says(self) -> None:
        body = encrypt(
            self.PLAIN,
            p256dh=self.RECEIVER.public,
            auth=self.RECEIVER.auth,
            sender=self.SENDER,
            salt=raw("DGv6ra1nlYgDCS1FRnbzlw"),
        )
        assert body == self.BODY
        assert self.RECEIVER.public == raw(
            "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
        )

    def test_is_what_the_tests_decrypt(self) -> None:
        assert self.RECEIVER.read(self.BODY) == self.PLAIN
        walrus = raw("I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg")
        assert Body.of(walrus).decrypted(raw("yqdlZ-tYemfogSmv7Ws5PQ")) == b"I am the walrus"
        two_records = raw(
            "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA"
        )
        assert Body.of(two_records).decrypted(raw("BO3ZVPxUlnLORbVGMpbT1Q")) == b"I am the walrus"


class TestABody:
    @given(st.binary(max_size=MAX_WEB_PUSH))
    def test_is_read_by_the_browser_that_it_is_for(self, plaintext: bytes) -> None:
        browser = Receiver()
        body = encrypt(plaintext, p256dh=browser.public, auth=browser.auth)
        assert browser.read(body) == plaintext
        assert len(body) <= MAX_PAYLOAD

    def test_of_the_longest_push_is_as_long_as_a_push_service_takes(self) -> None:
        browser = Receiver()
        assert len(encrypt(bytes(MAX_WEB_PUSH), p256dh=browser.public, auth=browser.auth)) == MAX_PAYLOAD

    def test_is_read_by_nobody_else(self) -> None:
        browser = Receiver()
        body = encrypt(b"Tea?", p256dh=browser.public, auth=browser.auth)
        for other in (Receiver(auth=browser.auth), Receiver(browser.private, bytes(16))):
            with pytest.raises(InvalidTag):
                other.read(body)

    def test_is_never_the_same(self) -> None:
        """Neither the salt nor our key is used twice."""
        browser = Receiver()
        bodies = [Body.of(encrypt(b"Tea?", p256dh=browser.public, auth=browser.auth)) for _ in range(20)]
        assert len({body.salt for body in bodies}) == len({body.key_id for body in bodies}) == 20

    def test_is_for_points_of_the_curve(self) -> None:
        with pytest.raises(ValueError, match="Invalid EC key"):
            encrypt(b"Tea?", p256dh=b"\x04" + b"\x01" * 64, auth=bytes(16))


def test_public_keys_are_uncompressed() -> None:
    key = uncompressed(ec.generate_private_key(ec.SECP256R1()).public_key())
    assert (len(key), key[0]) == (65, 4)
