from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.engines import Engines
from local.progress import Progress


@pytest.fixture(scope="package")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    """All engines, on a folder of their own."""
    engines = Engines(tmp_path_factory.mktemp("engines"), Progress())
    engines.kafka.door = f"127.0.0.1:{engines.site.ports['kafka-door']}"
    await engines.start()
    yield engines
    await engines.stop()


@pytest.fixture
async def others(tmp_path: Path) -> AsyncIterator[Engines]:
    """Engines that have not been started, for tests that stop all."""
    engines = Engines(tmp_path, Progress())
    yield engines
    await engines.stop()
