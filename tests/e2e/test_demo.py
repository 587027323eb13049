"""`make run` plays it: everything that was said arrives."""

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from clients.demo.__main__ import MISSED, TALK

CEILING_S = 120.0
"""Only against hangs."""


async def test_all_that_is_said_arrives(outputs: Mapping[str, str], tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clients.demo", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(CEILING_S):
        out, error = await process.communicate()
    assert (process.returncode, error.decode()) == (0, "")
    said = [line for line in out.decode().splitlines() if line.startswith("  ")]
    assert len(said) == len(TALK) + len(MISSED) * (3 if "PushService" in outputs else 2)
