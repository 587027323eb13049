"""
Which tests of one run go to the same worker, when there are several (`pytest -n 2`).

There can be one cloud in a folder, and many tests ask for it only while they run: whatever is not known to do
without it is one share. It is the largest, so a worker begins with it; the other runs the rest beside it.
"""

from xdist.scheduler.loadscope import LoadScopeScheduling

SIMULATION = "tests/reliability/test_persist_and_deliver.py"
"""Each run of it stands for itself."""
ENGINELESS = ("tests/clients/", "tests/docs/", "tests/unit/")
"""Tests that start nothing: each file stands for itself."""
SHARING = {
    "tests/alarms/": "alarms",
    "tests/contract/": "secured",
    "tests/infra/": "templates",
    "tests/integration/engines/": "engines",
    "tests/integration/local/": "second app",
    "tests/secured/": "secured",
}
"""Folders whose tests share what one of them has made: templates, and engines, or a cloud, in folders of their own."""
CLOUD = "cloud"


def share(test: str) -> str:
    """The share that a test belongs to, by its id."""
    file = test.partition("::")[0]
    if file == SIMULATION:
        return test
    if file.startswith(ENGINELESS):
        return file
    return next((shared for folder, shared in SHARING.items() if file.startswith(folder)), CLOUD)


class SharesScheduling(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """Whole shares, the largest first. (Marks for `--dist loadgroup` do nothing: pytest 9.2 has other test ids.)"""

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
