"""What the runbooks have operators type, and somebody who types it."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.cloud import Cloud

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
BLOCK = re.compile(r"^( *)```(sh|python|sql)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
LAPTOP = "# on the laptop\n"
"""How a block begins that is of use there alone."""
WITHIN_S = 120.0


def blocks(runbook: str, language: str = "sh", *, stage: str = "local") -> Sequence[str]:
    """The blocks of `docs/runbooks/RUNBOOK.md`, in their order, for a stage."""
    text = (RUNBOOKS / f"{runbook}.md").read_text()
    return [
        "\n".join(line.removeprefix(indent) for line in body.splitlines()).replace("STAGE", stage)
        for indent, kind, body in BLOCK.findall(text)
        if kind == language
    ]


def of_laptop(runbook: str) -> Sequence[str]:
    """Those that are of use on the laptop alone."""
    return [block for block in blocks(runbook) if f"{block}\n".startswith(LAPTOP)]


def filled(block: str, **words: str) -> str:
    """With what is the reader's to put in, whatever stands in capitals."""
    for word, value in words.items():
        assert word in block, f"nobody is to put in {word}"
        block = block.replace(word, value)
    return block


class Shell:
    """In the folder of the project, beside a local cloud; its `aws` is `tests.support.aws_command`."""

    def __init__(self, cloud: Cloud, folder: Path, *, at: Path = ROOT) -> None:
        """`folder` is for its programs; `at` is where it is, if not there."""
        self._at = at
        aws = folder / "aws"
        aws.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.support.aws_command "$@"\n')
        aws.chmod(0o755)
        self._environment = {
            "PATH": f"{folder}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL": cloud.engines["localstack"].address,
            "AWS_ENDPOINT_URL_LAMBDA": f"http://127.0.0.1:{cloud.runtime.admin_port}",
            "AWS_DEFAULT_REGION": cloud.app.outputs["Region"],
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }

    async def __call__(self, block: str) -> str:
        """
        What it prints.

        Raises:
            AssertionError: a command of it fails.
        """
        return await self._run("/bin/sh", "-euc", block)

    async def python(self, block: str) -> str:
        return await self._run(sys.executable, "-c", block)

    async def _run(self, *command: str) -> str:
        ran = await asyncio.to_thread(
            subprocess.run,
            command,
            env=self._environment,
            cwd=self._at,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()
