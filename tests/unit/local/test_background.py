import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from local.background import Instance, NotRunning, log_files, reset, start


@pytest.fixture
def zombie() -> Iterator[psutil.Process]:
    """What was killed and that nobody reaps, as in a container without an init."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    process = psutil.Process(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert process.status() == psutil.STATUS_ZOMBIE
    yield process
    child.wait()


def announced(root: Path, process: psutil.Process, *, admin_port: int = 4711) -> None:
    """The file of a cloud that was this process."""
    instance = Instance(str(root), process.pid, process.create_time(), admin_port)
    (root / ".local" / "cloud.json").write_text(json.dumps(asdict(instance)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".local").mkdir()
    return tmp_path


class TestInstance:
    def test_is_found_while_it_runs(self, root: Path) -> None:
        made = Instance.announce(root, admin_port=4711)
        assert Instance.find(root) == made
        assert made.pid == os.getpid()
        made.withdraw()
        with pytest.raises(NotRunning):
            Instance.find(root)

    def test_pid_of_another_process_is_not_mistaken_for_it(self, root: Path) -> None:
        """After a crash the pid may be given again: to somebody who must not be stopped."""
        Instance.announce(root, admin_port=4711)
        file = root / ".local" / "cloud.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | {"started": 1.0}))
        with pytest.raises(NotRunning):
            Instance.find(root)

    def test_zombie_does_not_run(self, root: Path, zombie: psutil.Process) -> None:
        announced(root, zombie)
        with pytest.raises(NotRunning, match="nothing runs here"):
            Instance.find(root)

    def test_that_does_not_answer_is_reported(self, root: Path) -> None:
        with pytest.raises(NotRunning, match="does not answer"):
            Instance.announce(root, admin_port=1).status()


class TestStart:
    def test_file_of_a_crashed_cloud_is_not_in_the_way(self, root: Path) -> None:
        """It once was: `up` took it for the new cloud's, found nobody behind it and gave up."""
        (root / ".local" / "cloud.json").write_text(
            json.dumps({"root": str(root), "pid": os.getpid(), "started": 1.0, "admin_port": 4711})
        )
        shown: list[str] = []
        with pytest.raises(NotRunning, match="did not start"):
            start(root, show=shown.append)
        assert shown == [f"natter-local: there is no cdk.json in {root}"]

    def test_one_that_is_dead_and_not_buried_is_not_in_the_way(self, root: Path, zombie: psutil.Process) -> None:
        """`up` once said that it was up, in 0.3 s, after a `kill -9` of everything."""
        announced(root, zombie)
        with pytest.raises(NotRunning, match="did not start"):
            start(root, show=print)

    def test_one_that_does_not_answer_is_not_taken_for_a_running_one(self, root: Path) -> None:
        Instance.announce(root, admin_port=1)
        with pytest.raises(NotRunning, match="does not answer"):
            start(root, show=print)


class TestReset:
    def test_removes_data_and_keeps_what_is_slow_to_make(self, root: Path) -> None:
        for name in ("venvs", "cdk.out", "kafka", "cassandra", "log"):
            (root / ".local" / name).mkdir()
        (root / ".local" / "outputs.json").touch()
        reset(root)
        assert sorted(path.name for path in (root / ".local").iterdir()) == ["cdk.out", "venvs"]

    def test_is_refused_while_a_cloud_runs(self, root: Path) -> None:
        Instance.announce(root, admin_port=4711)
        with pytest.raises(NotRunning, match="down"):
            reset(root)


class TestLogFiles:
    def test_are_those_of_functions_and_engines(self, root: Path) -> None:
        for folder, name in (("logs", "shop-send"), ("log", "kafka")):
            (root / ".local" / folder).mkdir()
            (root / ".local" / folder / f"{name}.log").touch()
        assert set(log_files(root)) == {"shop-send", "kafka"}
