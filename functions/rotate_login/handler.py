"""
Gives the role that functions sign in as a new password: Secrets Manager calls this, step by step, when it is due.

A step that fails is repeated; the old password counts until the last one.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from natter.bootstrap.engines import Engines
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.settings import PostgresSettings, RotateLoginSettings


class Rotation(Protocol):
    def create(self, version: str) -> None: ...
    def set(self, version: str) -> None: ...
    def test(self, version: str) -> None: ...
    def finish(self, version: str) -> None: ...


def build(rotation: Rotation, arn: str) -> Callable[[Any, object], None]:
    """`arn` names the secret that this function is for: no other is touched, whoever asks."""
    steps: Mapping[str, Callable[[str], None]] = {
        "createSecret": rotation.create,
        "setSecret": rotation.set,
        "testSecret": rotation.test,
        "finishSecret": rotation.finish,
    }

    def handle(event: Any, _context: object) -> None:
        if event["SecretId"] != arn:
            raise ValueError("this is not the secret of the functions' login")
        steps[event["Step"]](event["ClientRequestToken"])

    return handle


def _made() -> LambdaHandler:
    engines = Engines(RotateLoginSettings())
    return build(engines.login_rotation, engines.of(PostgresSettings).secret_arn)


lambda_handler = lazily(_made)
