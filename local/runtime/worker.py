"""
One execution environment: an `awslambdaric` process and the Runtime API that it alone talks to.

Each worker has a listening socket of its own, so its address needs no path prefix (the runtime client cannot
report a failed init to an address with one) and a request needs no look-up to find its worker.
"""

import asyncio
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import psutil

from local.model import Function
from local.runtime import launch, logs
from local.runtime.environment import variables
from local.runtime.http1 import Exchange, HttpServer

_API = "/2018-06-01/runtime/"
_ACCEPTED = b'{"status":"OK"}'
_JSON = (b"content-type", b"application/json")
MAX_RESPONSE = 6 * 1024 * 1024
"""Bytes that a function may return."""
MEMORY_SAMPLE_S = 1.0
"""A worker's memory is looked up at most this often: it costs more than a whole warm invocation may."""
GRACE_S = 1.0
"""Time between SIGTERM and SIGKILL."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a function answered. With `error`, `payload` is the error object as AWS forms it."""

    payload: bytes
    request_id: str
    error: Literal["Unhandled"] | None = None


@dataclass(slots=True, eq=False)
class Call:
    """An event on its way through a function."""

    payload: bytes
    done: asyncio.Future[Result]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began: float = 0.0

    def finish(self, payload: bytes, function_error: Literal["Unhandled"] | None = None) -> None:
        if not self.done.done():
            self.done.set_result(Result(payload, self.request_id, function_error))

    def fail(self, error_type: str, message: str) -> None:
        """Finish with an error that the platform, not the function, found."""
        error = {"errorType": error_type, "errorMessage": f"RequestId: {self.request_id} Error: {message}"}
        self.finish(json.dumps(error).encode(), "Unhandled")


@dataclass(frozen=True, kw_only=True)
class Site:
    """Where workers run: what is the same for all of them."""

    interpreter: Path
    scratch: Path
    extra_env: Mapping[str, str]


class Worker:
    """
    Runs one event at a time: `launch`, then `give` whenever `on_next` was called, until `exited`.

    `on_next(worker)` says that the process asks for an event, `on_done(worker, duration_ms, failed)` that one is
    finished.
    """

    def __init__(
        self,
        function: Function,
        site: Site,
        log: logs.FunctionLog,
        *,
        provisioned: bool,
        on_next: Callable[["Worker"], None],
        on_done: Callable[[float, bool], None],
    ) -> None:
        self.function = function
        self.state: Literal["starting", "idle", "busy"] = "starting"
        self.init_error: bytes | None = None
        self.initialised: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._site = site
        self._log = log
        self._provisioned = provisioned
        self._on_next = on_next
        self._on_done = on_done
        self._api = HttpServer(self._handle, max_body=MAX_RESPONSE * 2)
        self._process: asyncio.subprocess.Process | None = None
        self._next: Exchange | None = None
        self._call: Call | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._launched = time.perf_counter()
        self._init_ms: float | None = None
        self._used_mb = 0
        self._sampled = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def launch(self) -> None:
        """Start the process; `initialised` completes when it asks for its first event."""
        await self._api.start()
        self._home = self._site.scratch / f"{self.function.name}-{self._api.port}"
        self._home.mkdir(parents=True)
        read, write = os.pipe()
        try:
            self._launched = time.perf_counter()
            self._process = await asyncio.create_subprocess_exec(
                str(self._site.interpreter),
                launch.__file__,
                str(os.getpid()),
                self.function.handler,
                cwd=self.function.code,
                env=variables(
                    self.function,
                    interpreter=self._site.interpreter,
                    runtime_api=f"127.0.0.1:{self._api.port}",
                    home=self._home,
                    provisioned=self._provisioned,
                    extra=self._site.extra_env,
                ),
                stdin=subprocess.DEVNULL,
                stdout=write,
                stderr=write,
                start_new_session=True,
            )
        except BaseException:
            os.close(read)
            self._api.close()
            raise
        finally:
            os.close(write)
        self._output = logs.Output(read, self._log)
        asyncio.get_running_loop().add_reader(read, self._read_output)

    async def exited(self) -> int:
        """Wait for the process to end and clear up behind it; its exit status."""
        assert self._process is not None
        status = await self._process.wait()
        if self._timer is not None:
            self._timer.cancel()
        self._api.close()
        self._close_output()
        shutil.rmtree(self._home, ignore_errors=True)
        if self._call is not None:
            self._end(self._call, failed=True)
            self._call.fail("Runtime.ExitError", _reason(status))
            self._call = None
        return status

    def give(self, call: Call) -> None:
        """Hand `call` to the process, which is waiting for it."""
        assert self._next is not None
        self._call = call
        exchange, self._next = self._next, None
        timeout_s = self.function.timeout_s
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._time_out)
        self._log.write(logs.start_line(call.request_id))
        deadline_ms = int((time.time() + timeout_s) * 1000)
        trace = f"Root=1-{deadline_ms // 1000:08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
        call.began = time.perf_counter()
        exchange.respond(
            200,
            call.payload,
            (
                _JSON,
                (b"Lambda-Runtime-Aws-Request-Id", call.request_id.encode()),
                (b"Lambda-Runtime-Deadline-Ms", b"%d" % deadline_ms),
                (b"Lambda-Runtime-Invoked-Function-Arn", self.function.arn.encode()),
                (b"Lambda-Runtime-Trace-Id", trace.encode()),
            ),
        )

    def kill(self) -> None:
        """End the process and what it started, at once."""
        self._signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Ask the process to end, then insist."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(GRACE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()

    # Runtime API

    def _handle(self, exchange: Exchange) -> None:
        path = exchange.raw_path.decode("latin-1")
        if path == _API + "invocation/next":
            self._next = exchange
            if not self.initialised.done():
                self._init_ms = (time.perf_counter() - self._launched) * 1000
                self.initialised.set_result(None)
            self._on_next(self)
        elif path.startswith(_API + "invocation/"):
            self._answer(exchange, *path.removeprefix(_API + "invocation/").partition("/")[::2])
        elif path == _API + "init/error":
            self.init_error = exchange.body
            exchange.respond(202, _ACCEPTED, (_JSON,))
        else:
            exchange.respond(404, b'{"errorType":"NotFound"}', (_JSON,))

    def _answer(self, exchange: Exchange, request_id: str, kind: str) -> None:
        call = self._call
        if call is None or call.request_id != request_id or kind not in {"response", "error"}:
            exchange.respond(400, b'{"errorType":"InvalidRequestID"}', (_JSON,))
            return
        self._call = None
        if self._timer is not None:
            self._timer.cancel()
        if len(exchange.body) > MAX_RESPONSE:
            exchange.respond(413, b'{"errorType":"RequestEntityTooLarge"}', (_JSON,))
            call.fail("Function.ResponseSizeTooLarge", f"Response exceeds {MAX_RESPONSE} bytes.")
        else:
            call.finish(exchange.body, "Unhandled" if kind == "error" else None)
            exchange.respond(202, _ACCEPTED, (_JSON,))
        self._end(call, failed=kind == "error")

    def _time_out(self) -> None:
        call, self._call = self._call, None
        if call is None:
            return
        message = f"Task timed out after {self.function.timeout_s:.2f} seconds"
        self._output.drain()
        self._log.write(logs.timeout_line(call.request_id, message))
        self._end(call, failed=True)
        call.fail("Sandbox.Timedout", message)
        self.kill()

    # bookkeeping

    def _end(self, call: Call, *, failed: bool) -> None:
        self._output.drain()
        duration_ms = (time.perf_counter() - call.began) * 1000
        init_ms, self._init_ms = self._init_ms, None
        self._sample_memory()
        self._log.write(
            logs.end_lines(
                call.request_id,
                duration_ms,
                memory_mb=self.function.memory_mb,
                used_mb=self._used_mb,
                init_ms=init_ms,
            )
        )
        self._on_done(duration_ms, failed)

    def _sample_memory(self) -> None:
        now = time.monotonic()
        if self._process is None or now - self._sampled < MEMORY_SAMPLE_S:
            return
        self._sampled = now
        try:
            used = psutil.Process(self._process.pid).memory_info().rss
        except psutil.NoSuchProcess:
            return
        self._used_mb = max(self._used_mb, used // 2**20)

    def _read_output(self) -> None:
        if not self._output.drain():
            self._close_output()

    def _close_output(self) -> None:
        if self._output.fd < 0:
            return
        asyncio.get_running_loop().remove_reader(self._output.fd)
        self._output.close()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


def _reason(status: int) -> str:
    if status < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-status).name.removeprefix('SIG').lower()}"
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"
