"""`natter-local fault …`: every fault of `values` as a command, its fields as arguments."""

import argparse
import asyncio
import dataclasses
import json
import sys
from typing import Any

from pydantic import ValidationError

from local.background import Instance

from .client import FaultError, Faults
from .values import KINDS, one_fault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`parser` is that of `fault`."""
    kinds = parser.add_subparsers(required=True, metavar="FAULT", dest="kind")
    for fault in KINDS:
        described = (fault.__doc__ or "").strip().split("\n")[0]
        made = kinds.add_parser(str(fault.kind), help=described, description=fault.__doc__)
        for field in dataclasses.fields(fault):
            if field.name == "kind":
                continue
            if not field.kw_only:
                made.add_argument(field.name, type=_value)
            elif field.default is False:
                made.add_argument(f"--{field.name}", action="store_true")
            else:
                required = field.default is dataclasses.MISSING
                made.add_argument(f"--{field.name.replace('_', '-')}", type=_value, required=required)
    kinds.add_parser("list", help="which faults are in force")
    kinds.add_parser("clear", help="end all faults")


def run(options: argparse.Namespace) -> int:
    """
    Raises:
        NotRunning: no cloud runs in the folder.
    """
    instance = Instance.find(options.root.absolute())
    try:
        asyncio.run(_run(Faults(f"http://127.0.0.1:{instance.admin_port}"), options))
    except FaultError as error:
        print(f"natter-local: {error}", file=sys.stderr)
        return 1
    except ValidationError as error:
        reasons = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()]
        print(f"natter-local: {'; '.join(reasons)}", file=sys.stderr)
        return 2
    return 0


def describe(active: dict[str, Any]) -> str:
    """A line about a fault in force, given as `status` does."""
    fields = {name: value for name, value in active["fault"].items() if value is not None}
    kind, target = fields.pop("kind"), next(iter(fields.values()))
    settings = [f"{name} {value}" for name, value in list(fields.items())[1:]]
    ends = [] if active["ends_in_s"] is None else [f"ends in {active['ends_in_s']} s"]
    return ", ".join([f"{kind} {target}", *settings, f"hits {active['hits']}", *ends])


async def _run(faults: Faults, options: argparse.Namespace) -> None:
    if options.kind == "clear":
        await faults.clear()
    elif options.kind != "list":
        known = {field.name for kind in KINDS for field in dataclasses.fields(kind)}
        given = {name: value for name, value in vars(options).items() if name in known and value is not None}
        await faults.apply(one_fault().validate_python(given))
    for active in await faults.active():
        print(describe(dataclasses.asdict(active)))


def _value(text: str) -> Any:
    """A number if it is one, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
