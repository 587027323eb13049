import base64
import json
import ssl

from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from clients.demo.browser import Browser
from natter.adapters.webpush.encryption import encrypt
from natter.domain.push.subscriptions import Subscription


def a_browser() -> Browser:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return Browser("https://push.example/p", "https://push.example/m", tls, ec.generate_private_key(ec.SECP256R1()))


class TestTheBrowserOfTheDemo:
    @given(st.text(max_size=200))
    def test_reads_what_is_encrypted_for_its_subscription(self, words: str) -> None:
        browser = a_browser()
        subscription = Subscription.of(browser.subscription)
        body = encrypt(json.dumps({"body": words}).encode(), p256dh=subscription.p256dh, auth=subscription.auth)
        assert browser.read_push(base64.b64encode(body).decode()) == {"body": words}
