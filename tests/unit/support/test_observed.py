"""`python -m tests.bench observed`: what it compares with does observe nothing, and what it prints can be read."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.observed import LAYER, Round, table
from tests.bench.tables import figures

ROOT = Path(__file__).parents[3]
FUNCTION = """
from natter.entrypoints.lazily import lazily
from natter.metrics import ACCEPTED
from natter.telemetry import logger, recorder, tracer
from natter.telemetry.answered import answering

def made():
    def handle(event, _context):
        with answering("send", "r", 0):
            recorder.add(ACCEPTED, 1)
            logger.error("said")
            with tracer.leg("append", items=1):
                return {"carries": tracer.carry("lobby")}
    return handle

lambda_handler = lazily(made)
"""


def printed(folder: Path, module: str) -> list[str]:
    """By the function, called once by this handler."""
    (folder / "function.py").write_text(FUNCTION)
    path = (folder, LAYER / "python", ROOT / "shared")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "POWERTOOLS_SERVICE_NAME": "send",
        "POWERTOOLS_METRICS_NAMESPACE": "Natter/test",
        "UNOBSERVED": "function.lambda_handler",
    }
    code = f"from {module} import lambda_handler; print(lambda_handler({{}}, None))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    return (done.stdout + done.stderr).splitlines()


@pytest.mark.parametrize(("module", "observed"), [("unobserved", False), ("function", True)])
def test_without_observation_nothing_is_printed_and_nothing_carried(
    tmp_path: Path, module: str, *, observed: bool
) -> None:
    lines = printed(tmp_path, module)
    assert any("CloudWatchMetrics" in line for line in lines) is observed
    assert any("said" in line for line in lines) is observed
    assert ("{'carries': None}" in lines) is not observed
    assert observed or len(lines) == 1


def test_its_table_says_how_much_more_it_is() -> None:
    on = Round(p50=12.0, p99=40.0, lost=0, log_bytes=900.0, cpu_ms={"send": 1.5, "persist": 1.0, "gateway": 2.0})
    off = Round(p50=11.0, p99=38.0, lost=0, log_bytes=0.0, cpu_ms={"send": 1.0, "persist": 0.75, "gateway": 1.5})
    found = figures(table({"observed": [on], "not observed": [off]}))
    assert found["what being observed costs: functions on the way, observed"] == 2.5
    assert found["what being observed costs: functions on the way, more"] == 0.75
    assert found["what being observed costs: all, not-observed"] == 3.25
    assert found["what being observed costs: bytes of logs a message, more"] == 900.0
