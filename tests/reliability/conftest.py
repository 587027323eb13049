from collections.abc import AsyncIterator

import pytest

from tests.support.api import Api
from tests.support.crowd import crowd
from tests.support.storm import MEMBERS, Storm


@pytest.fixture
async def storm(api: Api) -> AsyncIterator[Storm]:
    async with crowd(api, users=MEMBERS) as (clients, ledger):
        owner, *others = (client.user for client in clients[:MEMBERS])
        yield Storm(await owner.group(*others), clients, ledger)
