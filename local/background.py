"""A local cloud that runs in the background: found by its pid and start time, spoken to through its admin port."""

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import psutil

from local.process import alive_after, is_alive

STOP_S = 20.0
STATUS_TIMEOUT_S = 5.0
INVOKE_TIMEOUT_S = 900.0
"""The longest that a function may be given to run."""
KEPT = {"venvs", "cdk.out", "cdk.out.secured", "cdk.inputs", "cdk.inputs.secured", "ports.json"}
"""What of `.local` is no data and costs time to make again."""
_SAME_START_S = 2.0


class NotRunning(Exception):
    """No local cloud runs in this folder, or (`start`) it did not become ready."""


@dataclass(frozen=True)
class Instance:
    """A local cloud that is ready."""

    root: str
    pid: int
    started: float
    admin_port: int

    @classmethod
    def announce(cls, root: Path, *, admin_port: int) -> Self:
        """Says that this process is the cloud of `root`, and ready."""
        this = psutil.Process()
        instance = cls(str(root), this.pid, this.create_time(), admin_port)
        _file(root).write_text(json.dumps(asdict(instance)) + "\n")
        return instance

    def withdraw(self) -> None:
        _file(Path(self.root)).unlink(missing_ok=True)

    @classmethod
    def find(cls, root: Path) -> Self:
        """
        Raises:
            NotRunning: there is none, or only the file of one that crashed.
        """
        try:
            instance = cls(**json.loads(_file(root).read_text()))
            instance.process()
        except (FileNotFoundError, psutil.NoSuchProcess):
            raise NotRunning("nothing runs here; `natter-local up` or `natter-local run` starts it") from None
        return instance

    def process(self) -> psutil.Process:
        """
        Raises:
            psutil.NoSuchProcess: it ended, though nobody may have reaped it; its pid may be somebody else's by now.
        """
        process = psutil.Process(self.pid)
        if abs(process.create_time() - self.started) > _SAME_START_S or not is_alive(process):
            raise psutil.NoSuchProcess(self.pid)
        return process

    def stop(self) -> None:
        """Asks it to stop and waits; what does not stop in time is killed, and takes its engines with it."""
        process = self.process()
        process.terminate()
        if alive_after([process], STOP_S):
            process.kill()
            alive_after([process], STOP_S)
            self.withdraw()

    def status(self) -> dict[str, Any]:
        """
        Raises:
            NotRunning: it does not answer.
        """
        return dict(json.loads(self._request("GET", "/status", timeout_s=STATUS_TIMEOUT_S)[2]))

    def traces(self, most: int, about: str) -> list[dict[str, Any]]:
        """The last traces, oldest first, in which `about` stands.

        Raises:
            NotRunning: it does not answer.
        """
        asked = urlencode({"most": most, "about": about})
        return list(json.loads(self._request("GET", f"/traces?{asked}", timeout_s=STATUS_TIMEOUT_S)[2]))

    def invoke(self, function: str, payload: bytes) -> tuple[bytes, bool]:
        """What the function answered, and whether that is an error.

        Raises:
            NotRunning: it does not answer.
        """
        _, headers, body = self._request("POST", f"/invoke/{function}", payload, timeout_s=INVOKE_TIMEOUT_S)
        return body, "x-amz-function-error" in headers

    def trigger(self, schedule: str) -> bool:
        """Invoke what a schedule invokes, now. False: there is no such schedule.

        Raises:
            NotRunning: it does not answer.
        """
        status, _, _ = self._request("POST", f"/trigger/{schedule}", timeout_s=STATUS_TIMEOUT_S)
        return status == HTTPStatus.ACCEPTED

    def _request(
        self, method: str, path: str, body: bytes | None = None, *, timeout_s: float
    ) -> tuple[int, Mapping[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=timeout_s)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read()
        except OSError as failure:
            raise NotRunning(f"it runs (process {self.pid}) but does not answer: {failure}") from failure
        finally:
            connection.close()


def start(root: Path, *, show: Callable[[str], None], secured: bool = False) -> Instance:
    """
    Starts a cloud that outlives this process, and waits until it is ready; `show` gets its progress line by line.

    One that runs already is left as it is.

    Raises:
        NotRunning: it ended before it was ready, or there is one that does not answer.
    """
    try:
        instance = Instance.find(root)
    except NotRunning:
        pass
    else:
        instance.status()
        return instance
    _file(root).unlink(missing_ok=True)  # of one that crashed
    log = root / ".local" / "log" / "cloud.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as sink:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "local.cli",
                "--root",
                str(root),
                "run",
                "--no-demo",
                *(["--secured"] if secured else []),
            ],
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        with log.open() as progress:
            while True:
                ended = child.poll() is not None
                for line in progress:
                    show(line.rstrip("\n"))
                if _file(root).exists() and (instance := Instance.find(root)).pid == child.pid:
                    return instance
                if ended:
                    raise NotRunning(f"it did not start; its log is {log.relative_to(root)}")
                time.sleep(0.05)
    except KeyboardInterrupt:
        child.terminate()
        child.wait(STOP_S)
        raise


def reset(root: Path) -> None:
    """
    Removes the data and logs of the engines.

    Raises:
        NotRunning: a cloud runs here; it has to be stopped first.
    """
    try:
        Instance.find(root)
    except NotRunning:
        pass
    else:
        raise NotRunning("a cloud runs here: `natter-local down` first")
    state = root / ".local"
    for entry in state.iterdir() if state.exists() else ():
        if entry.name not in KEPT:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def log_files(root: Path) -> dict[str, Path]:
    """Of functions, engines and the cloud itself, by name."""
    state = root / ".local"
    return {file.stem: file for folder in ("logs", "log") for file in (state / folder).glob("*.log")}


def _file(root: Path) -> Path:
    return root / ".local" / "cloud.json"
