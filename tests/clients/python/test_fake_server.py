"""The fake cloud that the SDK ships keeps the contract of the real one: the same black-box tests, for what it has."""

from collections.abc import AsyncIterator, Mapping

import pytest

from natter_client.testing import FakeServer
from tests.e2e import (
    test_attachments,
    test_changes,
    test_conversation,
    test_errors,
    test_history,
    test_inbox,
    test_offline,
    test_pages,
    test_receipts,
    test_sync,
    test_typing,
)

MODULES = (
    test_attachments,
    test_changes,
    test_conversation,
    test_errors,
    test_history,
    test_inbox,
    test_offline,
    test_pages,
    test_receipts,
    test_sync,
    test_typing,
)
NOT_THERE = {
    "TestAcrossABlock": "it keeps no blocks",
    "TestRequests": "it has not all paths",
    "test_it_is_refused_from_the_moment_that_its_sender_wants_to_be_erased": "it erases nobody",
}

for module in MODULES:
    for name, tests in list(vars(module).items()):
        if name.startswith("Test") and name not in NOT_THERE and tests.__module__ == module.__name__:
            kept = type(name, (tests,), dict.fromkeys(NOT_THERE.keys() & vars(tests).keys()))
            globals()[f"{name}_{module.__name__.rpartition('.')[2]}"] = kept


@pytest.fixture
async def outputs() -> AsyncIterator[Mapping[str, str]]:
    async with FakeServer(strict=False) as server:
        yield server.outputs
