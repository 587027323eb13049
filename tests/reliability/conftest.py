from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local.background import Instance
from local.cloud import Cloud
from tests.support.api import Api
from tests.support.crowd import crowd
from tests.support.runbooks import ROOT, Shell
from tests.support.storm import MEMBERS, Storm


@pytest.fixture
async def storm(api: Api) -> AsyncIterator[Storm]:
    async with crowd(api, users=MEMBERS) as (clients, ledger):
        owner, *others = (client.user for client in clients[:MEMBERS])
        yield Storm(await owner.group(*others), clients, ledger)


@pytest.fixture
def shell(cloud: Cloud, tmp_path: Path) -> Iterator[Shell]:
    """Beside a cloud that `natter-local` finds."""
    instance = Instance.announce(ROOT, admin_port=cloud.runtime.admin_port)
    yield Shell(cloud, tmp_path)
    instance.withdraw()


@pytest.fixture
async def well(cloud: Cloud) -> AsyncIterator[None]:
    yield
    await cloud.faults.clear()
