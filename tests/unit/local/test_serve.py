import asyncio
from pathlib import Path

import pytest

from local.engines import Ended, Engines
from local.progress import Progress
from local.serve import tell_ends


async def test_an_engine_that_ends_by_itself_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engines = Engines(tmp_path, Progress())
    for name in ("kafka", "valkey"):
        engines.site.ends.put_nowait(Ended(name, -9, Path("log") / f"{name}.log"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(tell_ends(engines), 0.1)
    assert capsys.readouterr().err.splitlines() == [
        "natter-local: kafka has ended by itself, with code -9; its log is log/kafka.log",
        "natter-local: valkey has ended by itself, with code -9; its log is log/valkey.log",
    ]
