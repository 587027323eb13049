"""`natter-local`: the local cloud from the command line."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from local import status
from local.background import Instance, NotRunning, log_files, reset, start
from local.faults import command
from local.traces import waterfall
from local.traces.kept import MOST_TRACES


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        code = int(options.command(options) or 0)
        sys.stdout.flush()
    except BrokenPipeError:  # who read has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except NotRunning as failure:
        print(f"natter-local: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="natter-local", description="Run the CDK app of this folder on this machine.")
    parser.add_argument("--root", type=Path, default=Path.cwd(), help="folder with the cdk.json (default: here)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Any, description: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=description, description=description)
        made.set_defaults(command=command)
        return made

    run = add("run", _run, "start everything, show the demo, stay until Ctrl-C")
    run.add_argument("--no-demo", action="store_true", help="only start")
    run.add_argument(
        "--debug",
        nargs="*",
        metavar="FUNCTION",
        help="only start; breakpoint() in these functions, or in any, stops here, and no time limit holds",
    )
    up = add("up", _up, "start everything in the background")
    for each in (run, up):
        each.add_argument("--secured", action="store_true", help="functions reach the engines as they do on AWS")
    add("down", _down, "stop what `up` started")
    add("status", _status, "what runs, and what of the app has no counterpart here")
    add("url", _url, "the app's outputs")
    add("reset", _reset, "forget all data of the engines")
    logs = add("logs", _logs, "print the log of a function, an engine, or `cloud`")
    logs.add_argument("name", nargs="?", help="without: which logs there are")
    logs.add_argument("-f", "--follow", action="store_true", help="go on until Ctrl-C")
    invoke = add("invoke", _invoke, "call a function")
    invoke.add_argument("function")
    invoke.add_argument("payload", nargs="?", default="{}", help="JSON (default: {})")
    trigger = add("trigger", _trigger, "run what a schedule runs, now")
    trigger.add_argument("schedule", help="its name or logical id")
    trace = add("trace", _trace, "what became of the last frames and requests, leg by leg")
    trace.add_argument(
        "about",
        nargs="?",
        default="",
        help="an id (trace, request, conversation …; after -- if it begins with -), function or route",
    )
    trace.add_argument("-n", type=int, dest="most", metavar="NUMBER", help="how many (default: 1; of --page: all)")
    trace.add_argument("--page", action="store_true", help="in a browser, by Zipkin, until Ctrl-C")
    command.add_arguments(add("fault", command.run, "let something fail on purpose"))
    return parser


def _run(options: argparse.Namespace) -> int:
    from local.serve import serve  # noqa: PLC0415 - the cloud itself; the other commands are quicker without it

    demo = not options.no_demo and options.debug is None
    return serve(options.root.absolute(), demo=demo, debug=options.debug, secured=options.secured)


def _up(options: argparse.Namespace) -> None:
    root = options.root.absolute()
    start(root, show=lambda line: print(line, file=sys.stderr, flush=True), secured=options.secured)
    _print_outputs(root)


def _down(options: argparse.Namespace) -> None:
    Instance.find(options.root.absolute()).stop()


def _status(options: argparse.Namespace) -> None:
    for line in status.lines(Instance.find(options.root.absolute()).status()):
        print(line)


def _url(options: argparse.Namespace) -> None:
    root = options.root.absolute()
    Instance.find(root)
    _print_outputs(root)


def _print_outputs(root: Path) -> None:
    for key, value in json.loads((root / ".local" / "outputs.json").read_text()).items():
        print(f"{key:14}{value}")


def _reset(options: argparse.Namespace) -> None:
    reset(options.root.absolute())


def _logs(options: argparse.Namespace) -> int:
    files = log_files(options.root.absolute())
    if options.name is None:
        print("\n".join(sorted(files)))
        return 0
    found = files.get(options.name) or next(
        (file for name, file in sorted(files.items()) if name.endswith(f"-{options.name}")), None
    )
    if found is None:
        print(f"natter-local: no log {options.name!r}; there are: {', '.join(sorted(files))}", file=sys.stderr)
        return 1
    follow = ["-n", "+1", "-F"] if options.follow else ["-n", "+1"]
    return subprocess.run(["tail", *follow, str(found)], check=False).returncode


def _invoke(options: argparse.Namespace) -> int:
    instance = Instance.find(options.root.absolute())
    answer, failed = instance.invoke(options.function, options.payload.encode())
    print(answer.decode())
    return 1 if failed else 0


def _trace(options: argparse.Namespace) -> int:
    root = options.root.absolute()
    most = options.most or (MOST_TRACES if options.page else 1)
    found = Instance.find(root).traces(most, options.about)
    if not found:
        print("natter-local: no such trace", file=sys.stderr)
        return 1
    if options.page:
        return _show_page(root, found)
    for trace in found:
        print("\n".join(waterfall.lines(trace)))
    return 0


def _show_page(root: Path, traces: Sequence[Mapping[str, Any]]) -> int:
    from local.engines import EngineUnavailable, ProcessFailed  # noqa: PLC0415 - the other commands are quicker without
    from local.engines.jars import JarUnavailable  # noqa: PLC0415
    from local.traces import page  # noqa: PLC0415

    try:
        asyncio.run(page.until_signalled(root, traces))
    except (EngineUnavailable, JarUnavailable, ProcessFailed) as failure:
        print(f"natter-local: {failure}", file=sys.stderr)
        return 1
    return 0


def _trigger(options: argparse.Namespace) -> int:
    if Instance.find(options.root.absolute()).trigger(options.schedule):
        return 0
    print(f"natter-local: no schedule {options.schedule!r}; `natter-local status` lists them", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
