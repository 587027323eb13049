import json
import sys
from pathlib import Path

import pytest

from local.synthesis import Project, SynthesisFailed

APP = """
import json, os, pathlib
out = pathlib.Path(os.environ["CDK_OUTDIR"])
out.mkdir(parents=True, exist_ok=True)
(out / "manifest.json").write_text(os.environ["CDK_CONTEXT_JSON"])
(out / "main.assets.json").write_text("asset.used")
for name in ("asset.used", "asset.old"):
    (out / name).mkdir(exist_ok=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "functions" / "send").mkdir(parents=True)
    settings = {
        "app": f"{sys.executable} app.py",
        "context": {"stage": "dev", "kept": 1, "local:inputs": ["app.py", "functions/*"], "local:demo": "show --it"},
    }
    (tmp_path / "cdk.json").write_text(json.dumps(settings))
    return Project(tmp_path)


class TestProject:
    async def test_synthesizes_the_stage_local_with_the_apps_own_context(self, project: Project) -> None:
        await project.synthesize()
        context = json.loads((project.output / "manifest.json").read_text())
        assert (context["stage"], context["kept"]) == ("local", 1)

    async def test_a_secured_one_is_a_stage_and_an_assembly_of_its_own(self, project: Project) -> None:
        secured = Project(project.root, secured=True)
        with pytest.raises(SynthesisFailed, match="local:secured"):
            await secured.synthesize()
        settings = project.settings
        settings["context"]["local:secured"] = "strict"
        (project.root / "cdk.json").write_text(json.dumps(settings))
        await secured.synthesize()
        assert json.loads((secured.output / "manifest.json").read_text())["stage"] == "strict"
        assert not project.is_current()

    async def test_is_current_until_an_input_changes(self, project: Project) -> None:
        assert not project.is_current()
        await project.synthesize()
        assert project.is_current()
        (project.root / "app.py").write_text(APP + "# changed")
        assert not project.is_current()

    async def test_of_a_folder_only_the_name_counts(self, project: Project) -> None:
        """The functions' code is run where it stands: to change it needs no synthesis, a new function does."""
        await project.synthesize()
        (project.root / "functions" / "send" / "handler.py").write_text("changed")
        assert project.is_current()
        (project.root / "functions" / "receive").mkdir()
        assert not project.is_current()

    async def test_removes_assets_that_nothing_refers_to(self, project: Project) -> None:
        await project.synthesize()
        assert [path.name for path in project.output.glob("asset.*")] == ["asset.used"]

    async def test_failure_says_what_the_app_said_and_is_not_current(self, project: Project) -> None:
        (project.root / "app.py").write_text("raise SystemExit('no such stage')")
        with pytest.raises(SynthesisFailed, match="no such stage"):
            await project.synthesize()
        assert not project.is_current()

    def test_folder_without_an_app_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SynthesisFailed, match=r"no cdk\.json"):
            Project(tmp_path)

    def test_knows_its_demo(self, project: Project) -> None:
        assert project.demo == ["show", "--it"]
