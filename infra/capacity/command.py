"""`natter-capacity --users 1_000_000 --messages-per-user-day 40 …`: what it takes, what stops it, what it costs."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields

from infra.capacity.lists import lists
from infra.capacity.measured import read
from infra.capacity.report import report
from infra.capacity.usage import Usage


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="natter-capacity", description="What so many users take on AWS, what stops them first, what they cost."
    )
    for each in fields(Usage):
        parser.add_argument(
            f"--{each.name.replace('_', '-')}",
            type=int if each.type is int else float,
            default=each.default,
            help=f"{each.metadata['about']} (default: %(default)s)",
        )
    parser.add_argument("--requests", action="store_true", help="print what one message is billed for instead")
    asked = vars(parser.parse_args(arguments))
    measured = read()
    if asked.pop("requests"):
        print(lists(measured), end="")  # noqa: T201
        return 0
    try:
        usage = Usage(**asked)
    except ValueError as error:
        print(f"natter-capacity: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(report(usage, measured)))  # noqa: T201
    return 0
