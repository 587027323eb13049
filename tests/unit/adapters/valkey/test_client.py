from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials
from redis._parsers.base import BaseParser
from redis.client import Pipeline
from redis.exceptions import RedisError, ResponseError

from natter.adapters.valkey.client import IamLogin, valkey_errors
from natter.domain.errors import Unavailable


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


def every(error: type[Exception]) -> Iterator[type[Exception]]:
    """It, and what it is the base of in the library: other modules derive their own from these."""
    yield error
    for kind in error.__subclasses__():
        if kind.__module__ == "redis.exceptions":
            yield from every(kind)


MISTAKES = {
    "AuthenticationWrongNumberOfArgsError",
    "ClusterCrossSlotError",
    "DataError",
    "LockError",
    "LockNotOwnedError",
    "ModuleError",
    "NoPermissionError",
    "NoSuchFieldsetError",
    "PubSubError",
    "RedisError",
    "ResponseError",
}
"""Of ours, or of the library's: they stay `internal`. All others may pass."""

ANSWERS = {
    "MOVED 3999 127.0.0.1:6381": True,
    "ASK 3999 127.0.0.1:6381": True,
    "TRYAGAIN Multiple keys request during rehashing of slot": True,
    "CLUSTERDOWN Hash slot not served": True,
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": True,
    "LOADING Valkey is loading the dataset in memory": True,
    "READONLY You can't write against a read only replica.": True,
    "OOM command not allowed when used memory > 'maxmemory'.": True,
    "NOAUTH Authentication required.": True,
    "WRONGPASS invalid username-password pair or user is disabled.": True,
    "NOSCRIPT No matching script. Please use EVAL.": True,
    "EXECABORT Transaction discarded because of: OOM command not allowed": True,
    "BUSY Valkey is busy running a script.": True,
    "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to persist to disk.": True,
    "NOREPLICAS Not enough good replicas to write.": True,
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)": True,
    "ERR max number of clients reached": True,
    "ERR max number of clients + cluster connections reached": True,
    "WRONGTYPE Operation against a key holding the wrong kind of value": False,
    "CROSSSLOT Keys in request don't hash to the same slot": False,
    "NOPERM User natter has no permissions to run the 'flushall' command": False,
    "ERR unknown command 'BUSY'": False,
    "ERR value is not an integer or out of range": False,
}
"""What a server may say, and whether it may pass."""


class TestErrors:
    @pytest.mark.parametrize("kind", set(every(RedisError)), ids=lambda kind: kind.__name__)
    def test_what_may_pass_is_unavailable(self, kind: type[Exception]) -> None:
        error = kind.__new__(kind)
        error.args = ("what went wrong",)
        with pytest.raises(kind if kind.__name__ in MISTAKES else Unavailable), valkey_errors():
            raise error

    @pytest.mark.parametrize("error", [OSError(), TimeoutError(), ConnectionResetError()], ids=repr)
    def test_what_the_socket_says_is_an_outage(self, error: OSError) -> None:
        with pytest.raises(Unavailable), valkey_errors():
            raise error

    @pytest.mark.parametrize(("answer", "passing"), ANSWERS.items())
    @pytest.mark.parametrize("pipelined", [False, True])
    def test_answers_of_the_server(self, answer: str, passing: bool, pipelined: bool) -> None:
        parser: Any = BaseParser
        error = parser.parse_error(answer)
        if pipelined:
            pipeline: Any = Pipeline
            pipeline(None, {}, False, None).annotate_exception(error, 1, ("SET", "k", "v"))
        with pytest.raises(Unavailable if passing else ResponseError), valkey_errors():
            raise error
