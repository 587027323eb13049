"""What the first screen does not need is loaded when it is there."""

import subprocess
import sys

LATER = {"httpx2", "websockets", "natter_client.client"}
"""They take a third as long as everything else."""


def test_what_talks_to_the_server_comes_after_the_first_screen() -> None:
    code = "import sys, natter_terminal.app; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split())
    assert "natter_client.store" in loaded
    assert not LATER & loaded
