import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from natter.adapters.aws_lambda.exporter import LambdaExporter
from natter.domain.errors import Unavailable
from tests.messages import ANN


class Invoker:
    def __init__(self, *errors: Exception) -> None:
        self.calls: list[dict[str, Any]] = []
        self._errors = errors

    def invoke(self, **call: Any) -> None:
        self.calls.append(call)
        for error in self._errors:
            raise error


def test_nobody_waits_for_it() -> None:
    invoker = Invoker()
    LambdaExporter(lambda: invoker, "natter-dev-export").start(ANN, "e1")
    (call,) = invoker.calls
    assert (call["FunctionName"], call["InvocationType"]) == ("natter-dev-export", "Event")
    assert json.loads(call["Payload"]) == {"user_id": ANN, "export_id": "e1"}


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://lambda"),
        ClientError({"Error": {"Code": "TooManyRequestsException"}}, "Invoke"),
    ],
)
def test_an_outage_is_unavailable(error: Exception) -> None:
    with pytest.raises(Unavailable):
        LambdaExporter(lambda: Invoker(error), "natter-dev-export").start(ANN, "e1")
