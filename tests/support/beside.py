"""A cloud of some tests' own, beside that of all others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from local.cloud import Cloud

ROOT = Path(__file__).parents[2]
PARTS = (".venv", "cdk.json", "clients", "functions", "infra", "layers", "requirements", "shared")


@asynccontextmanager
async def cloud_beside(name: str, *, secured: bool = False) -> AsyncIterator[Cloud]:
    """This checkout in a folder of its own. What was synthesized for it is kept."""
    root = ROOT / ".local" / name
    (root / ".local").mkdir(parents=True, exist_ok=True)
    for part in (*PARTS, ".local/venvs"):
        if not (root / part).exists():
            (root / part).symlink_to(ROOT / part)
    async with Cloud(root, secured=secured) as cloud:
        yield cloud
