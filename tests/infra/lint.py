"""
Run as a program: what cfn-lint says of the templates in a folder, as JSON: rule -> messages.

It reads CloudFormation's own schemas of all resources, which no other test here does. What it said of the same template
before, by the same version, is kept in `.local`: a stage takes it some fifteen seconds.

checkov was tried beside it and is not used: 189 MB and 96 distributions, another seventeen seconds a stage, a question
to its maker's host at each start; and of the eight rules that prod breaks, all are decided otherwise (dead letters are
the queues', functions have their limits where others could be starved, logs hold nothing personal).
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".local" / "cache" / "cfn-lint"
REGION = "eu-central-1"


def said(template: Path) -> dict[str, list[str]]:
    key = hashlib.sha256(f"{version('cfn-lint')} {REGION} {template.read_text()}".encode()).hexdigest()
    kept = CACHE / f"{key}.json"
    if not kept.exists():
        found = _looked_at(template)
        CACHE.mkdir(parents=True, exist_ok=True)
        being_written = kept.with_suffix(f".{template.parent.name}")
        being_written.write_text(json.dumps(found))
        being_written.rename(kept)
    return dict(json.loads(kept.read_text()))


def _looked_at(template: Path) -> dict[str, list[str]]:
    from cfnlint.api import lint_file  # noqa: PLC0415 - takes seconds, and is not needed where all is known
    from cfnlint.config import ManualArgs  # noqa: PLC0415

    found: dict[str, list[str]] = {}
    for match in lint_file(template, ManualArgs(regions=[REGION])):
        found.setdefault(match.rule.id, []).append(f"{template.name} {match.path}: {match.message}")
    return found


def main(folder: str) -> None:
    found: dict[str, list[str]] = {}
    for template in sorted(Path(folder).glob("*.template.json")):
        for rule, messages in said(template).items():
            found.setdefault(rule, []).extend(messages)
    sys.stdout.write(json.dumps(found))


def argument(arguments: Sequence[str]) -> str:
    (_, folder) = arguments
    return folder


if __name__ == "__main__":
    main(argument(sys.argv))
