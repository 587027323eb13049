"""
One execution environment: an `awslambdaric` process and the Runtime API that it alone talks to.

Each worker has a listening socket of its own, so its address needs no path prefix (the runtime client cannot
report a failed init to an address with one) and a request needs no look-up to find its worker.
"""

import asyncio
import json
import secrets
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from local.model import Function
from local.runtime import logs
from local.runtime.http1 import Exchange, HttpServer
from local.runtime.sandbox import Sandbox

_API = "/2018-06-01/runtime/"
_ACCEPTED = b'{"status":"OK"}'
_JSON = (b"content-type", b"application/json")
FREEZE_AFTER_S = 0.05
"""How long a process without an event runs on before it is frozen: at once would be dear for busy ones."""
PATIENCE_S = 24 * 3600.0
"""The time limit of a function that is debugged."""
MAX_RESPONSE = 6 * 1024 * 1024
"""Bytes that a function may return."""


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
    on_given: "Callable[[Worker], None] | None" = None
    """Told which worker has just been handed the event."""

    def finish(self, payload: bytes, function_error: Literal["Unhandled"] | None = None) -> None:
        if not self.done.done():
            self.done.set_result(Result(payload, self.request_id, function_error))

    def fail(self, error_type: str, message: str) -> None:
        """Finish with an error that the platform, not the function, found."""
        error = {"errorType": error_type, "errorMessage": f"RequestId: {self.request_id} Error: {message}"}
        self.finish(json.dumps(error).encode(), "Unhandled")


class Worker:
    """
    Runs one event at a time: `launch`, then `give` whenever `on_next` was called, until `exited`.

    `on_next(worker)` says that the process asks for an event, `on_done(worker, duration_ms, failed)` that one is
    finished.
    """

    def __init__(
        self,
        function: Function,
        sandbox: Sandbox,
        log: logs.FunctionLog,
        *,
        provisioned: bool,
        on_next: Callable[["Worker"], None],
        on_done: Callable[[float, bool], None],
    ) -> None:
        self.function = function
        self.state: Literal["starting", "idle", "busy", "stranded"] = "starting"
        self.idle_since = 0.0
        """By the loop's clock, while it is."""
        self.sandbox = sandbox
        self.init_error: bytes | None = None
        self.initialised: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._log = log
        self._provisioned = provisioned
        self._on_next = on_next
        self._on_done = on_done
        self._api = HttpServer(self._handle, max_body=MAX_RESPONSE * 2)
        self._next: Exchange | None = None
        self._call: Call | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._launched = time.perf_counter()
        self._init_ms: float | None = None

    async def launch(self) -> None:
        """Start the process; `initialised` completes when it asks for its first event."""
        await self._api.start()
        self._launched = time.perf_counter()
        try:
            await self.sandbox.launch(api_port=self._api.port, provisioned=self._provisioned)
        except BaseException:
            self._api.close()
            raise

    async def exited(self) -> int:
        """Wait for the process to end and clear up behind it; its exit status."""
        status = await self.sandbox.exited()
        for timer in (self._timer, self._rest):
            if timer is not None:
                timer.cancel()
        self._api.close()
        if self._call is not None:
            self._end(self._call, failed=True)
            self._call.fail("Runtime.ExitError", _reason(status))
            self._call = None
        return status

    def idle(self) -> None:
        """There is no event for the process now: it is frozen unless one comes soon."""
        loop = asyncio.get_running_loop()
        self.state, self.idle_since = "idle", loop.time()
        self._rest = loop.call_later(FREEZE_AFTER_S, self.sandbox.rest)

    def give(self, call: Call) -> None:
        """Hand `call` to the process, which is waiting for it."""
        assert self._next is not None
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._call = call
        exchange, self._next = self._next, None
        timeout_s = PATIENCE_S if self.sandbox.patient else self.function.timeout_s
        self._timer = asyncio.get_running_loop().call_later(timeout_s, self._time_out)
        self._log.write(logs.start_line(call.request_id))
        deadline_ms = int((time.time() + timeout_s) * 1000)
        trace = f"Root=1-{deadline_ms // 1000:08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
        call.began = time.perf_counter()
        self.sandbox.wake()
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
        if call.on_given is not None:
            call.on_given(self)

    def runs(self, call: Call) -> bool:
        """Whether the process has `call` and has not answered it."""
        return self._call is call

    def strand(self, call: Call) -> None:
        """
        Freeze the process in the midst of `call`, and tell whoever sent it that it timed out.

        Unlike after a real timeout the process lives: thawed, it goes on with `call` to the end, however long that
        takes; its answer is nobody's, and it is given other events again.
        """
        assert self._call is call
        self.sandbox.freeze()
        if self._timer is not None:
            self._timer.cancel()
        self.state = "stranded"
        self._log.write(logs.timeout_line(call.request_id, "Given up on purpose; the environment is frozen"))
        call.fail("Sandbox.Timedout", "Task timed out: its environment was given up")

    def thaw(self) -> None:
        """Let a frozen process go on. One that was stranded has the whole time limit for the rest of its event."""
        if self.state == "stranded" and self._call is not None:
            self._timer = asyncio.get_running_loop().call_later(self.function.timeout_s, self._time_out)
        self.sandbox.thaw()

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
        self.sandbox.drain()
        self._log.write(logs.timeout_line(call.request_id, message))
        self._end(call, failed=True)
        call.fail("Sandbox.Timedout", message)
        self.sandbox.kill()

    # bookkeeping

    def _end(self, call: Call, *, failed: bool) -> None:
        self.sandbox.drain()
        duration_ms = (time.perf_counter() - call.began) * 1000
        init_ms, self._init_ms = self._init_ms, None
        self._log.write(
            logs.end_lines(
                call.request_id,
                duration_ms,
                memory_mb=self.function.memory_mb,
                used_mb=self.sandbox.used_mb(),
                init_ms=init_ms,
            )
        )
        self._on_done(duration_ms, failed)


def _reason(status: int) -> str:
    if status < 0:
        return f"Runtime exited with error: signal: {signal.Signals(-status).name.removeprefix('SIG').lower()}"
    return f"Runtime exited with error: exit status {status}" if status else "Runtime exited without providing a reason"
