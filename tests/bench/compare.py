"""
`python -m tests.bench.compare REV [NAME …]`: two revisions measured in turn on one machine, and how they differ.

The other revision gets a checkout of its own, with an environment of its own, for as long as that takes. Machines are
noisy, and from hour to hour faster or slower: both take turns (before, after, before, after), and medians of the turns
are compared.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.tables import Figures, figures

ROOT = Path(__file__).parents[2]
BOOTSTRAP_S = 900
TURN_S = 1800


@contextmanager
def checkout(revision: str) -> Iterator[Path]:
    """
    A folder with the revision, ready to run.

    Raises:
        subprocess.CalledProcessError: there is no such revision, or it cannot be made ready.
    """
    with tempfile.TemporaryDirectory(prefix="natter-compare-") as parent:
        folder = Path(parent) / "natter"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(folder), revision], cwd=ROOT, check=True)
        try:
            subprocess.run(["sh", "local/bootstrap.sh"], cwd=folder, check=True, timeout=BOOTSTRAP_S)
            yield folder
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, check=True)


def measure(folder: Path, names: Sequence[str], seconds: float) -> Figures:
    """
    One turn.

    Raises:
        subprocess.CalledProcessError: a benchmark failed; it said why on standard error.
    """
    command = [".venv/bin/python", "-m", "tests.bench", *names, "--rounds", "1", "--seconds", str(seconds)]
    done = subprocess.run(command, cwd=folder, check=True, timeout=TURN_S, stdout=subprocess.PIPE, text=True)
    return figures(done.stdout.splitlines())


def table(before: Sequence[Figures], after: Sequence[Figures]) -> list[str]:
    """Of what both have measured in every turn, in the order of the later revision."""
    shared = [name for name in after[0] if all(name in turn for turn in (*before, *after))]
    width = max(map(len, shared), default=0)
    return [
        f"medians of {len(after)} turns each",
        f"  {'':{width}}{'before':>10}{'after':>10}{'ratio':>8}",
        *(f"  {name:{width}}{_row(median(_of(name, before)), median(_of(name, after)))}" for name in shared),
    ]


def _of(name: str, turns: Sequence[Mapping[str, float]]) -> list[float]:
    return [turn[name] for turn in turns]


def _row(before: float, after: float) -> str:
    ratio = f"{after / before:8.2f}" if before else f"{'':>8}"
    return f"{before:10.2f}{after:10.2f}{ratio}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.compare", description="Measure two revisions in turn.")
    parser.add_argument("revision", help="of before; what is compared with it is what is checked out here")
    parser.add_argument("which", nargs="*", default=["latency", "throughput"], help="benchmarks that both have")
    parser.add_argument("--turns", type=int, default=3, help="of each of the two")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    asked = parser.parse_args()
    before, after = list[Figures](), list[Figures]()
    with checkout(asked.revision) as folder:
        for _ in range(asked.turns):
            before.append(measure(folder, asked.which, asked.seconds))
            after.append(measure(ROOT, asked.which, asked.seconds))
    print("\n".join(table(before, after)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
