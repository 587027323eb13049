"""What the runbooks have operators type."""

import re
from collections.abc import Sequence
from pathlib import Path

RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"


def blocks(runbook: str, *, stage: str = "local") -> Sequence[str]:
    """The blocks of shell in `docs/runbooks/RUNBOOK.md`, in their order, for a stage."""
    text = (RUNBOOKS / f"{runbook}.md").read_text()
    return [block.replace("STAGE", stage) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
