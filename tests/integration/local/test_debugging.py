"""Functions that are debugged: in one process with a terminal of its own, driven as a person would."""

import asyncio
import json
import os
import pty
import shutil
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from local.model import Function
from local.runtime.functions import Lambda, UnknownFunctionError

from .conftest import ROOT, arn

STATE = """
import os
NAME = os.environ["NAME"]
"""
HANDLER = """
import os, sys, time
import state

COUNT = 0

def handle(event, context):
    global COUNT
    COUNT += 1
    print("handling", event)
    return {"pid": os.getpid(), "name": os.environ["NAME"], "state": state.NAME, "file": __file__, "count": COUNT,
            "cwd": os.getcwd(), "local": "local" in sys.modules, "at": time.monotonic_ns()}

def stop(event, context):
    answer = 41
    breakpoint()
    return answer

def fail(event, context):
    raise ValueError("this function fails")

def die(event, context):
    os._exit(3)

def linger(event, context):
    began = time.monotonic_ns()
    time.sleep(0.3)
    return [began, time.monotonic_ns()]
"""


class Terminal:
    """The other end of the pseudo-terminal that stands for ours."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.seen = ""

    def type(self, line: str) -> None:
        os.write(self.fd, f"{line}\n".encode())

    async def until(self, text: str, *, within_s: float = 20) -> None:
        async with asyncio.timeout(within_s):
            while text not in self.seen:
                try:
                    data = await asyncio.to_thread(os.read, self.fd, 4096)
                except OSError:  # nobody has the other end any more
                    pytest.fail(self.seen)
                self.seen += data.decode()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """In place of this process's input, output and errors."""
    ours, theirs = pty.openpty()
    kept = [os.dup(fd) for fd in (0, 1, 2)]
    for fd in (0, 1, 2):
        os.dup2(theirs, fd)
    os.close(theirs)
    yield Terminal(ours)
    for fd, before in enumerate(kept):
        os.dup2(before, fd)
        os.close(before)
    os.close(ours)


def a_function(folder: Path, name: str, entry: str = "handle") -> Function:
    code = folder / name
    code.mkdir()
    (code / "handler.py").write_text(HANDLER)
    (code / "state.py").write_text(STATE)
    return Function(
        logical_id=name,
        name=f"shop-{name}",
        arn=arn(f"shop-{name}"),
        handler=f"handler.{entry}",
        code=code,
        environment={"NAME": name},
        timeout_s=0.2,
        provisioned_concurrency=3,
    )


@pytest.fixture
async def functions(
    interpreter: Path,
    tmp_path: Path,
    terminal: Terminal,  # noqa: ARG001 - ours while they start
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Lambda]:
    monkeypatch.setenv("TERM", "dumb")
    names = {"ann": "handle", "ben": "handle", "stop": "stop", "fail": "fail", "die": "die", "linger": "linger"}
    pools = Lambda(
        [a_function(tmp_path, name, entry) for name, entry in names.items()],
        interpreter=interpreter,
        log_dir=tmp_path / "logs",
        extra_env={},
        debug=(),
    )
    await pools.start()
    yield pools
    await pools.stop()


async def call(functions: Lambda, name: str, deadline: float | None = None) -> object:
    return json.loads((await functions.invoke(f"shop-{name}", b'{"a": 1}', deadline=deadline)).payload)


class TestDebugged:
    async def test_breakpoint_stops_the_handler_however_long(self, functions: Lambda, terminal: Terminal) -> None:
        """Neither the function's time limit of 0.2 s nor whoever waits cuts it short."""
        answer = asyncio.ensure_future(call(functions, "stop", deadline=asyncio.get_running_loop().time() + 0.1))
        await terminal.until("(Pdb) ")
        terminal.type("answer = 42")
        await asyncio.sleep(0.5)
        terminal.type("continue")
        assert await asyncio.wait_for(answer, 20) == 42

    async def test_functions_share_the_process_and_nothing_of_their_own(
        self, functions: Lambda, tmp_path: Path
    ) -> None:
        ann, ben, again = [await call(functions, name) for name in ("ann", "ben", "ann")]
        assert isinstance(ann, dict)
        assert isinstance(ben, dict)
        assert isinstance(again, dict)
        assert ann["pid"] == ben["pid"] == again["pid"]
        for name, answer in (("ann", ann), ("ben", ben)):
            assert (name, name) == (answer["name"], answer["state"])
            assert answer["file"] == str(tmp_path / name / "handler.py")
            assert answer["cwd"] == str(tmp_path / name)
        assert [ann["count"], ben["count"], again["count"]] == [1, 1, 2]
        assert not ann["local"]

    async def test_one_event_at_a_time(self, functions: Lambda) -> None:
        """Libraries keep what belongs to an event on their classes."""
        spans = await asyncio.gather(*(call(functions, "linger") for _ in range(2)), call(functions, "ann"))
        (began, ended), (other_began, other_ended) = sorted(each for each in spans if isinstance(each, list))
        assert began < ended <= other_began < other_ended

    async def test_print_goes_to_the_terminal_and_to_the_log(
        self, functions: Lambda, terminal: Terminal, tmp_path: Path
    ) -> None:
        await call(functions, "ann")
        await terminal.until("handling {'a': 1}")
        log = (tmp_path / "logs" / "shop-ann.log").read_text()
        assert "handling {'a': 1}\nEND RequestId" in log

    async def test_exception_is_a_function_error(self, functions: Lambda) -> None:
        result = await functions.invoke("shop-fail", b"{}")
        assert result.error == "Unhandled"
        assert json.loads(result.payload)["errorMessage"] == "this function fails"

    async def test_process_that_ends_is_started_again(self, functions: Lambda) -> None:
        result = await functions.invoke("shop-die", b"{}")
        assert "exit status 3" in json.loads(result.payload)["errorMessage"]
        assert isinstance(await call(functions, "ann"), dict)

    async def test_other_settings_need_another_place(self, functions: Lambda, tmp_path: Path) -> None:
        await call(functions, "ann")
        (tmp_path / "other").mkdir()
        functions.redefine([a_function(tmp_path / "other", "ann")])
        answer = await call(functions, "ann")
        assert isinstance(answer, dict)
        assert answer["file"] == str(tmp_path / "other" / "ann" / "handler.py")


class TestNames:
    async def test_others_are_not_debugged(
        self, interpreter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        pools = self._lambda(interpreter, tmp_path, ["ann"])
        await pools.start()
        try:
            ann, ben = await call(pools, "ann"), await call(pools, "ben")
            assert isinstance(ann, dict)
            assert isinstance(ben, dict)
            assert ann["pid"] != ben["pid"]
            assert f"debugging in process {ann['pid']}: breakpoint() stops it here\n" in capsys.readouterr().err
        finally:
            await pools.stop()

    async def test_unknown_one_is_named(self, interpreter: Path, tmp_path: Path) -> None:
        with pytest.raises(UnknownFunctionError, match="no function is called eve: there are shop-ann, shop-ben"):
            await self._lambda(interpreter, tmp_path, ["eve"]).start()

    @staticmethod
    def _lambda(interpreter: Path, folder: Path, debug: Sequence[str]) -> Lambda:
        functions = [a_function(folder, name) for name in ("ann", "ben")]
        functions[1] = Function(**{**vars(functions[1]), "provisioned_concurrency": 0, "timeout_s": 10.0})
        return Lambda(functions, interpreter=interpreter, log_dir=folder / "logs", extra_env={}, debug=debug)


@pytest.mark.engines
class TestCommand:
    async def test_second_app_stops_at_a_breakpoint_and_answers(
        self, interpreter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`natter-local run --debug`, on a terminal, with an HTTP request that waits for it."""
        monkeypatch.setenv("TERM", "dumb")
        root = tmp_path / "app"
        shutil.copytree(ROOT / "tests" / "integration" / "second_app", root)
        (root / ".venv").symlink_to(sys.prefix)
        (root / ".local" / "venvs").mkdir(parents=True)
        (root / ".local" / "venvs" / "runtime").symlink_to(interpreter.parents[1])
        shop = root / "functions" / "shop.py"
        shop.write_text(shop.read_text().replace("    directive = {", "    breakpoint()\n    directive = {"))
        ours, theirs = pty.openpty()
        cloud = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local.cli", "--root", root, "run", "--debug", "order"),
            cwd=ROOT,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        terminal = Terminal(ours)
        try:
            await terminal.until("HttpUrl", within_s=120)
            url = json.loads((root / ".local" / "outputs.json").read_text())["HttpUrl"]
            request = asyncio.to_thread(partial(urllib.request.urlopen, f"{url}/orders/7", timeout=60))
            answer = asyncio.ensure_future(request)
            await terminal.until("(Pdb) ")
            terminal.type("event['pathParameters']['id'] = '8'")
            terminal.type("continue")
            assert json.load(await answer)["id"] == "8"
        finally:
            if cloud.returncode is None:
                cloud.terminate()
            await asyncio.wait_for(cloud.wait(), 30)
            os.close(ours)
