from urllib.parse import parse_qs, urlsplit

from botocore.credentials import Credentials

from natter.adapters.valkey.client import IamLogin


def test_iam_login_is_a_presigned_request_without_its_scheme() -> None:
    """As ElastiCache's guide has it ("Authenticating with IAM"); a session token goes with it."""
    login = IamLogin(
        credentials=lambda: Credentials("AKID", "secret", "session/token"),
        region="eu-central-1",
        user="natter-user",
        cache="natter-cache",
    )
    user, password = login.get_credentials()
    assert user == "natter-user"
    url = urlsplit(f"https://{password}")
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert (url.netloc, url.path) == ("natter-cache", "/")
    assert (query["Action"], query["User"], query["ResourceType"]) == ("connect", "natter-user", "ServerlessCache")
    assert query["X-Amz-Expires"] == "900"
    assert query["X-Amz-Credential"].endswith("/eu-central-1/elasticache/aws4_request")
    assert query["X-Amz-Security-Token"] == "session/token"
    assert len(query["X-Amz-Signature"]) == 64
    assert "secret" not in password
