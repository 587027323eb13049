import subprocess
import sys

CODE = """
import resource
from local.files import raise_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (64, {hard}))
print(raise_limit(), resource.getrlimit(resource.RLIMIT_NOFILE))
"""


class TestRaiseLimit:
    def test_is_the_machines_from_then_on(self) -> None:
        """In a process of its own: it cannot be lowered and raised at will here."""
        said = subprocess.run([sys.executable, "-c", CODE.format(hard=200)], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["200", "(200,", "200)"]

    def test_stays_where_there_is_no_more(self) -> None:
        said = subprocess.run([sys.executable, "-c", CODE.format(hard=64)], capture_output=True, text=True, check=True)
        assert said.stdout.split() == ["64", "(64,", "64)"]
