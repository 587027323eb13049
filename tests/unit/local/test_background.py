import json
import os
from pathlib import Path

import pytest

from local.background import Instance, NotRunning, log_files, reset, start


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
