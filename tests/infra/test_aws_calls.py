"""Each operation of AWS that a function calls is granted to it, on what it is done to, and nothing else is."""

import re
from collections.abc import Callable, Iterable

import pytest
from botocore.session import get_session

from natter.adapters.s3.attachments import S3Attachments
from natter.adapters.sqs.client import SqsQueue
from tests.infra.aws_calls import BY_HAND, CLIENTS, calls_of, operations_of
from tests.infra.rights import ACTIONS, Right, granted, needed, told, worked
from tests.infra.templates import ROOT, Templates
from tests.infra.test_services import MODELS
from tests.infra.wiring import assembled

MAKERS = {
    *("natter.bootstrap.account_ports", "natter.bootstrap.clients", "natter.bootstrap.engines"),
    *("natter.bootstrap.visiting_ports", "natter.bootstrap.web_push_ports"),
}
"""Modules that make clients, which others call."""
SIGNING = {
    *("natter.adapters.cassandra.client", "natter.adapters.http.signing"),
    "natter.adapters.otlp.exporter",  # of what is granted for it: `test_traces.py`
}
"""Those that know boto3 for its credentials."""
CONFIGURED = {"natter.adapters.sns.client"}


@pytest.fixture(params=["prod", "varied"])
def deployed(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


@pytest.mark.parametrize("name", MODELS)
def test_a_function_is_granted_what_it_calls(deployed: Templates, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = deployed.functions()[name]["Environment"]["Variables"]
    handler, _ = assembled(name, variables, monkeypatch)
    calls = calls_of(handler)
    rights = needed(calls, variables) | worked(deployed, name)
    missing, surplus = rights - granted(deployed, name), granted(deployed, name) - rights
    assert not missing, f"not granted: {told(missing)}"
    assert not surplus, f"granted, and not called: {told(surplus)}"


def test_what_is_granted_for_is_an_operation_that_somebody_calls(
    prod: Templates, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = set()
    for name, function in prod.functions().items():
        with monkeypatch.context() as patch:
            handler, _ = assembled(name, function["Environment"]["Variables"], patch)
            called |= {(each.service, each.operation) for each in calls_of(handler)}
    assert called == set(ACTIONS)
    services = get_session().get_available_services()
    assert all(operation in operations_of(of) for of, operation in ACTIONS if of in services and ":" not in operation)


def test_all_who_know_boto3_are_looked_at() -> None:
    knowing = set()
    for path in (ROOT / "shared" / "natter").rglob("*.py"):
        if re.search(r"^\s*(import|from) (boto3|botocore|mypy_boto3)", path.read_text(), re.MULTILINE):
            knowing.add(".".join(path.relative_to(ROOT / "shared").with_suffix("").parts))
    looked_at = CLIENTS.keys() | {module for module, _ in BY_HAND}
    assert knowing - looked_at == MAKERS | SIGNING | CONFIGURED


class TestFollowing:
    """What is found in a handler that is known by heart."""

    @pytest.fixture
    def attachments(self) -> S3Attachments:
        return S3Attachments(lambda: pytest.fail("nothing is called here"), "bucket")

    @pytest.mark.parametrize(
        ("method", "operations"),
        [
            ("offer", {"generate_presigned_post"}),
            ("hold", {"copy_object", "head_object"}),
            ("link", {"get_object", "head_object"}),
            ("discard", {"delete_objects"}),
            ("erase", {"delete_objects", "list_objects_v2"}),
        ],
    )
    def test_each_method_by_what_it_calls_in_the_end(
        self, attachments: S3Attachments, method: str, operations: set[str]
    ) -> None:
        namespace = {"attachments": attachments}
        exec(  # noqa: S102 - the name of the method has to stand in the code
            f"def build(attachments):\n def handle(*_): return attachments.{method}()\n return handle", namespace
        )
        build: Callable[[S3Attachments], object] = namespace["build"]  # type: ignore[assignment]  # what it defines
        assert {each.operation for each in calls_of(build(attachments))} == operations

    def test_what_it_is_done_to_is_known_by_the_variable_that_tells(self) -> None:
        queues = {
            name: SqsQueue(lambda: pytest.fail("nothing is called here"), f"https://queue/{name}", name="a queue")
            for name in ("NATTER_A__QUEUE_URL", "NATTER_B__QUEUE_URL")
        }
        used, _ = queues.values()

        def handle(bodies: Iterable[str]) -> None:
            used.send(list(bodies))

        (call,) = calls_of(handle)
        assert call.told == {"NATTER_A__QUEUE_URL"}
        rights = needed([call], {"NATTER_A__QUEUE_URL": {"Ref": "A"}})
        assert rights == {
            Right("sqs:SendMessage", "A"),
            Right("kms:Decrypt", "A", "aws:sqs:arn"),
            Right("kms:GenerateDataKey", "A", "aws:sqs:arn"),
        }
