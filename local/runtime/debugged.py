"""
The process in which functions are debugged: `python -m local.runtime.debugged PARENT_PID CONTROL_FD`.

It has the terminal. Lines on the control pipe name functions; a thread for each asks its Runtime API for events, and
the main thread runs them, one at a time, so that `breakpoint()` stops everything at one place. While it is a function's
turn it has its own environment variables, module path, working folder, and those modules that are its own: what lies
in its folder, and in layers without installed packages. Libraries are shared with the others.
"""

import http.client
import importlib
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

from local.runtime import launch

API = "/2018-06-01/runtime/invocation/"


class Tee:
    """Standard output that is also the function's log."""

    def __init__(self, terminal: TextIO, log: int) -> None:
        self._terminal = terminal
        self._log = log

    def write(self, text: str) -> int:
        os.write(self._log, text.encode(errors="replace"))
        return self._terminal.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)


@dataclass(eq=False)
class Place:
    """A function's, from when it is named until nobody answers at its Runtime API."""

    environment: Mapping[str, str]
    output: str
    modules: dict[str, ModuleType] = field(default_factory=dict)
    handler: Callable[[Any, Any], Any] | None = None

    @property
    def api(self) -> str:
        return self.environment["AWS_LAMBDA_RUNTIME_API"]

    @property
    def code(self) -> str:
        return self.environment["LAMBDA_TASK_ROOT"]

    @property
    def paths(self) -> list[str]:
        return self.environment["PYTHONPATH"].split(os.pathsep)

    @property
    def own_folders(self) -> tuple[str, ...]:
        layers = (path for path in self.paths if path != self.code and not any(Path(path).glob("*.dist-info")))
        return tuple(f"{path}{os.sep}" for path in (self.code, *layers))


@dataclass(eq=False)
class Turn:
    """An event that waits to be run."""

    place: Place
    headers: http.client.HTTPMessage
    body: bytes
    done: threading.Event = field(default_factory=threading.Event)


class Client:
    """What `awslambdaric` answers an event to."""

    def __init__(self, place: Place, marshaller: Any) -> None:
        self.marshaller = marshaller
        self._place = place

    def post_invocation_result(self, request_id: str, result: str | bytes, *_: Any) -> None:
        self._post(f"{request_id}/response", result)

    def post_invocation_error(self, request_id: str, error: str, *_: Any) -> None:
        self._post(f"{request_id}/error", error)

    def _post(self, path: str, body: str | bytes) -> None:
        connection = http.client.HTTPConnection(self._place.api, timeout=5)
        try:
            connection.request("POST", API + path, body.encode() if isinstance(body, str) else body)
            connection.getresponse().read()
        except OSError as error:
            print(f"nobody waits for this answer any more: {error}", file=sys.stderr)
        finally:
            connection.close()


class Host:
    """Runs what is asked of it, until the process ends."""

    def __init__(self) -> None:
        self._turns: queue.SimpleQueue[Turn] = queue.SimpleQueue()
        self._paths = list(sys.path)
        self._guarded = False

    def listen(self, control: TextIO) -> None:
        for line in control:
            place = Place(**json.loads(line))
            threading.Thread(target=self._ask, args=(place,), daemon=True).start()

    def run(self) -> None:
        while True:
            turn = self._turns.get()
            try:
                with self._turn_of(turn.place):
                    self._handle(turn)
            finally:
                turn.done.set()

    def _ask(self, place: Place) -> None:
        connection = http.client.HTTPConnection(place.api)
        try:
            while True:
                connection.request("GET", API + "next")
                answer = connection.getresponse()
                turn = Turn(place, answer.headers, answer.read())
                self._turns.put(turn)
                turn.done.wait()
        except (OSError, http.client.HTTPException):
            return  # its environment was ended
        finally:
            connection.close()

    def _handle(self, turn: Turn) -> None:
        from awslambdaric import bootstrap  # noqa: PLC0415 - of the workers' environment
        from awslambdaric.lambda_runtime_client import LambdaRuntimeClient  # noqa: PLC0415

        def handler(event: Any, context: Any) -> Any:
            if turn.place.handler is None:
                turn.place.handler = bootstrap._get_handler(turn.place.environment["_HANDLER"])  # noqa: SLF001
            return turn.place.handler(event, context)

        with bootstrap.create_log_sink() as sink:
            bootstrap.handle_event_request(
                Client(turn.place, LambdaRuntimeClient.marshaller),
                handler,
                turn.headers["Lambda-Runtime-Aws-Request-Id"],
                turn.body,
                turn.headers.get("Content-Type"),
                None,
                None,
                turn.headers["Lambda-Runtime-Invoked-Function-Arn"],
                turn.headers["Lambda-Runtime-Deadline-Ms"],
                None,
                sink,
            )

    @contextmanager
    def _turn_of(self, place: Place) -> Iterator[None]:
        os.environ.clear()
        os.environ.update(place.environment)
        self._guard_keyspaces()
        sys.path[:] = [*place.paths, *self._paths]
        importlib.invalidate_caches()
        sys.modules.update(place.modules)
        os.chdir(place.code)
        stdout, stderr = sys.stdout, sys.stderr
        log = os.open(place.output, os.O_WRONLY)
        sys.stdout, sys.stderr = Tee(stdout, log), Tee(stderr, log)
        try:
            yield
        except Exception:  # noqa: BLE001 - the fault of an event, or of its answer, is not the end of all
            traceback.print_exc()
        finally:
            sys.stdout, sys.stderr = stdout, stderr
            os.close(log)
            place.modules = {
                name: module for name, module in sys.modules.items() if _lies_in(module, place.own_folders)
            }
            for name in place.modules:
                del sys.modules[name]

    def _guard_keyspaces(self) -> None:
        tables = os.environ.pop("LOCAL_KEYSPACES", None)
        if tables and not self._guarded:
            self._guarded = True
            launch.guard_keyspaces(tables)


def _lies_in(module: ModuleType, folders: tuple[str, ...]) -> bool:
    """A package without an `__init__` has no file, but places."""
    known = getattr(module, "__dict__", {})
    places = [known.get("__file__"), *known.get("__path__", ())]
    return any(isinstance(place, str) and f"{place}{os.sep}".startswith(folders) for place in places)


def main() -> None:
    launch.end_with(int(sys.argv[1]))
    control = os.fdopen(int(sys.argv[2]))
    sys.path.remove(os.environ["PYTHONPATH"])
    for name in [name for name in sys.modules if name.partition(".")[0] == "local"]:
        del sys.modules[name]  # the name is the functions' now
    host = Host()
    threading.Thread(target=host.listen, args=(control,), daemon=True).start()
    host.run()


if __name__ == "__main__":
    main()
