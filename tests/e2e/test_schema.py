"""Every operation of docs/openapi.json, called with whatever fits it and whatever does not, answers as it says."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.api import Api

SCHEMA = schemathesis.openapi.from_dict(json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text()))
OPERATIONS: Mapping[str, APIOperation[Any, Any, Any, Any]] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
"""Of each kind. A user may ask a hundred times at once, and every operation is explored by a user of its own."""

UNVARIED = {"GET /.well-known/jwks.json", "GET /v1/push/web-key", "GET /v1/health"}
"""Take nothing that could be wrong."""


@dataclass(frozen=True)
class Caller:
    url: str
    token: str | None
    ids: Mapping[str, str]
    """Of what there is, by the names that paths give them."""

    def explore(self, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode) -> None:
        """Raises FailureGroup: an answer is not as the document says."""

        def call(case: Case[Any]) -> None:
            if mode is GenerationMode.POSITIVE:
                case.path_parameters.update({name: self.ids[name] for name in case.path_parameters})
            case.validate_response(self._answer(case), checks=CHECKS)

        bounded = hypothesis.settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(hypothesis.given(operation.as_strategy(generation_mode=mode))(call))()

    def _answer(self, case: Case[Any]) -> Response:
        case.headers.clear()  # what a header may hold is the gateway's to say
        if self.token is not None:
            case.headers["Authorization"] = f"Bearer {self.token}"
        return case.call(base_url=self.url, allow_redirects=False)


async def somebody(api: Api) -> Caller:
    """Who has a bit of everything."""
    alice, bob = await api.sign_up("alice"), await api.sign_up("bob")
    tablet = await alice.on_another_device()
    ids = {
        "conversation_id": await alice.group(bob),
        "user_id": bob.user_id,
        "session_id": tablet.session_id,
        "device_id": alice.device_id,
        "attachment_id": "none",
    }
    return Caller(api.url, alice.access_token, ids)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_what_fits_is_answered_as_documented(api: Api, name: str) -> None:
    caller = await somebody(api)
    await asyncio.to_thread(caller.explore, OPERATIONS[name], GenerationMode.POSITIVE)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in UNVARIED])
async def test_what_does_not_fit_is_answered_as_documented(api: Api, name: str) -> None:
    caller = await somebody(api)
    await asyncio.to_thread(caller.explore, OPERATIONS[name], GenerationMode.NEGATIVE)


@pytest.mark.parametrize("name", OPERATIONS)
async def test_nobody_is_answered_as_documented(api: Api, name: str) -> None:
    caller = Caller(api.url, None, defaultdict(lambda: "none"))
    await asyncio.to_thread(caller.explore, OPERATIONS[name], GenerationMode.POSITIVE)
