"""The command line, for those who put something behind it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_who_reads_no_further_is_no_error(tmp_path: Path) -> None:
    """`natter-local logs | head -0`."""
    (tmp_path / ".local" / "logs").mkdir(parents=True)
    (tmp_path / ".local" / "logs" / "kafka.log").touch()
    read, write = os.pipe()
    os.close(read)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", "local.cli", "--root", str(tmp_path), "logs"],
            cwd=ROOT,
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")
