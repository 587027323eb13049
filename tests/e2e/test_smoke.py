"""`natter-smoke` sees a deployment that keeps its promises, and one that does not."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

from local.cloud import Cloud
from local.faults import Connections
from tests.support.socket import WITHIN_S

COMMAND = Path(sys.executable).with_name("natter-smoke")
LONGEST_S = 240
PATIENTLY = ("--within", str(WITHIN_S))
"""However slow the machine is today, it is not what these look for."""


async def smoke(outputs: Mapping[str, str], *options: str) -> tuple[int | None, dict[str, str], str]:
    """Its exit code, the result of each check, and all that it says."""
    addresses = (outputs["HttpUrl"], outputs["WebSocketUrl"])
    process = await asyncio.create_subprocess_exec(COMMAND, *addresses, *options, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(LONGEST_S):
        said = (await process.communicate())[0].decode()
    results = {cells[0]: cells[1] for cells in map(str.split, said.partition("\n\n")[0].splitlines()[1:])}
    return process.returncode, results, said


class TestSmoke:
    async def test_is_content_with_what_keeps_its_promises(self, outputs: Mapping[str, str]) -> None:
        code, results, said = await smoke(outputs, *PATIENTLY)
        assert set(results.values()) == {"ok"}, said
        assert {"connect", "send", "deliver", "retry", "unread", "attachment", "push", "erasure"} <= results.keys()
        assert code == 0

    async def test_says_what_is_broken_and_tidies_up_all_the_same(
        self, cloud: Cloud, outputs: Mapping[str, str]
    ) -> None:
        """Nothing is shown live any more; what is stored is, and the rest works."""
        await cloud.faults.apply(Connections(429))
        try:
            code, results, said = await smoke(outputs, "--within", "6")
        finally:
            await cloud.faults.clear()
        assert code == 1
        assert {name: results[name] for name in ("send", "deliver", "history", "erasure")} == {
            "send": "ok",
            "deliver": "FAILED",
            "history": "ok",
            "erasure": "ok",
        }, said
        assert "NotSeenError" in said
