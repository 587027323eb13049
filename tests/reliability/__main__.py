"""Replays seeds: `PYTHONPATH=shared python -m tests.reliability SEED …`, with `--planted NAME` those of a bug."""

import argparse
import sys

from tests.reliability.planted import PLANTED
from tests.reliability.run import first_violation
from tests.reliability.simulation import Parts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability")
    parser.add_argument("seeds", type=int, nargs="+", metavar="SEED")
    parser.add_argument("--planted", choices=PLANTED, help="run with this bug planted")
    arguments = parser.parse_args()
    parts = PLANTED[arguments.planted] if arguments.planted else Parts()
    found = {seed: first_violation(seed, parts) for seed in arguments.seeds}
    for seed, violation in found.items():
        sys.stdout.write(f"{seed}: {violation or 'holds'}\n")
    return any(found.values())


if __name__ == "__main__":
    sys.exit(main())
