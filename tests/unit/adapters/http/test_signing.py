from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from natter.adapters.http.signing import Signer

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOST = "abc.execute-api.eu-central-1.amazonaws.com"
PATH = "/dev/@connections/L0SM9cOFvHcCIhw%3D"


class TestSigner:
    @pytest.mark.parametrize(
        ("method", "signature"),
        [
            ("GET", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("POST", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ],
    )
    def test_signs_as_the_test_suite_of_aws_has_it(self, method: str, signature: str) -> None:
        """Its cases `get-vanilla` and `post-vanilla`."""
        signer = Signer(
            lambda: Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            service="service",
            region="us-east-1",
            clock=lambda: datetime(2015, 8, 30, 12, 36, tzinfo=UTC),
        )
        assert signer.sign(method, "example.amazonaws.com", "/", b"") == {
            "host": "example.amazonaws.com",
            "x-amz-date": "20150830T123600Z",
            "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}",
        }

    @pytest.mark.parametrize("token", [None, "session/token"])
    def test_signs_as_botocore_does(self, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
        """Paths with quoted characters are quoted once more; the key is another one on the next day."""
        credentials = Credentials("AKID", "secret", token)
        times = [NOON, NOON + timedelta(seconds=1), NOON + timedelta(days=1)]
        clock = iter(times)
        signer = Signer(lambda: credentials, service="execute-api", region="eu-central-1", clock=lambda: next(clock))
        for at in times:
            monkeypatch.setattr(auth, "get_current_datetime", lambda at=at: at)
            for_them = botocore_signs(credentials, "POST", "grüße".encode())
            assert signer.sign("POST", HOST, PATH, "grüße".encode()) == {"host": HOST, **for_them}

    def test_renewed_credentials_sign_from_then_on(self) -> None:
        valid = [Credentials("AKID1", "first", "token"), Credentials("AKID2", "second", "other")]
        renewed = Signer(lambda: valid.pop(0), service="s", region="r", clock=lambda: NOON)
        renewed.sign("GET", HOST, "/", b"")
        fresh = Signer(lambda: Credentials("AKID2", "second", "other"), service="s", region="r", clock=lambda: NOON)
        assert renewed.sign("GET", HOST, "/", b"") == fresh.sign("GET", HOST, "/", b"")


def botocore_signs(credentials: Credentials, method: str, body: bytes) -> Mapping[str, str]:
    request = AWSRequest(method=method, url=f"https://{HOST}{PATH}", data=body)
    auth.SigV4Auth(credentials, "execute-api", "eu-central-1").add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}
