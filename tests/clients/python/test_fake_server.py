"""The fake cloud that the SDK ships keeps the contract of the real one: the same black-box tests, for what it has."""

from collections.abc import AsyncIterator, Mapping

import pytest

from natter_client.testing import FakeServer
from tests.e2e.test_changes import *  # noqa: F403
from tests.e2e.test_conversation import *  # noqa: F403
from tests.e2e.test_errors import TestFrames, TestRateLimit, TestSize  # noqa: F401
from tests.e2e.test_history import *  # noqa: F403
from tests.e2e.test_inbox import *  # noqa: F403
from tests.e2e.test_offline import *  # noqa: F403
from tests.e2e.test_pages import *  # noqa: F403
from tests.e2e.test_receipts import TestDelivered, TestRead, TestRefusals  # noqa: F401
from tests.e2e.test_sync import *  # noqa: F403
from tests.e2e.test_typing import *  # noqa: F403


@pytest.fixture
async def outputs() -> AsyncIterator[Mapping[str, str]]:
    async with FakeServer(strict=False) as server:
        yield server.outputs
