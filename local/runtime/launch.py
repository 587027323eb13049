"""
The first lines that run in a worker: tie its life to the local cloud's, then become AWS's runtime client.

Run by the workers' own interpreter as `launch.py PARENT_PID HANDLER`. On systems without `prctl` a worker ends when
its next call to the Runtime API fails. Of this project it imports nothing, except where `LOCAL_KEYSPACES` is set: the
rules of Amazon Keyspaces then stand in front of the Cassandra driver, should the function import it. The function
finds neither the variable nor the module.
"""

import ctypes
import importlib.util
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
KEYSPACES = Path(__file__).parents[1] / "keyspaces"


def main() -> None:
    parent, handler = int(sys.argv[1]), sys.argv[2]
    end_with(parent)
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    sys.argv = ["awslambdaric", handler]
    if tables := os.environ.pop("LOCAL_KEYSPACES", None):
        guard_keyspaces(tables)
    run_client()


def end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        raise SystemExit(1)


def run_client() -> None:
    """
    Run AWS's client, but without a thread for each event where none is needed.

    It waits for the next event in a new thread so that the main one can handle signals meanwhile. Lambda sends none but
    SIGTERM; where nothing handles that, the thread is half of what an empty function costs.
    """
    from awslambdaric import __main__ as client  # noqa: PLC0415 - the path is the function's now

    class Client(client.LambdaRuntimeClient):  # type: ignore[misc]
        def wait_next_invocation(self) -> object:
            self.use_thread_for_polling_next = callable(signal.getsignal(signal.SIGTERM))
            return super().wait_next_invocation()

    client.LambdaRuntimeClient = Client
    client.main(sys.argv)


def guard_keyspaces(tables: str) -> None:
    """By its path and under another name: `local` may be a module of the function."""
    name = "_local_keyspaces"
    spec = importlib.util.spec_from_file_location(name, KEYSPACES / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.Guard(module.decode(tables)).install()


if __name__ == "__main__":
    main()
