"""The README's programs run as they stand; the package is what it says."""

import ast
import asyncio
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import natter_client
from natter_client.testing import FakeServer
from natter_client.testing.server import PASSWORD

PACKAGE = Path(natter_client.__file__).parent
ROOT = PACKAGE.parents[1]
README = (ROOT / "README.md").read_text()
PROGRAMS = dict(re.findall(r"<!-- ([\w ]+) -->\n```python\n(.*?)```", README, re.DOTALL))
CEILING_S = 60.0
LINES_OF_A_FIRST_MESSAGE = 10


async def run(program: str, server: FakeServer, folder: Path) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(PACKAGE.parent),
        "NATTER_URL": server.http_url,
        "NATTER_PASSWORD": PASSWORD,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    async with asyncio.timeout(CEILING_S):
        out, error = await process.communicate()
    assert (process.returncode, error.decode()) == (0, "")
    return out.decode()


class TestReadme:
    async def test_its_programs_do_what_it_says(self, tmp_path: Path) -> None:
        async with FakeServer() as server:
            server.user("ann"), server.user("ben")
            said = [await run(program, server, tmp_path) for program in PROGRAMS.values()]
        assert said == ["accepted; its place is 2\n", "3\n", ""]
        assert re.findall(r"You should see `(.*?)`", README) == [said[0].strip()]

    def test_the_first_message_takes_ten_lines(self) -> None:
        assert len([line for line in PROGRAMS["first message"].splitlines() if line]) <= LINES_OF_A_FIRST_MESSAGE

    def test_its_other_blocks_are_python(self) -> None:
        for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
            compile(block, "README", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


class TestPackage:
    def test_the_wheel_is_built_without_network_and_is_typed(self, tmp_path: Path) -> None:
        uv = Path(sys.executable).with_name("uv")
        command = [str(uv), "build", "--offline", "--quiet", "--wheel", "--out-dir", str(tmp_path), str(ROOT)]
        subprocess.run(command, check=True, timeout=CEILING_S)
        (wheel,) = tmp_path.glob("natter_client-*-py3-none-any.whl")
        names = set(zipfile.ZipFile(wheel).namelist())
        sources = {f"natter_client/{path.relative_to(PACKAGE).as_posix()}" for path in PACKAGE.rglob("*.py")}
        assert names >= {*sources, "natter_client/py.typed"}

    def test_what_it_imports_is_what_it_asks_for(self) -> None:
        """Beside the standard library; h11 is httpx2's."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        asked = {re.split("[><=]", each)[0] for each in project["dependencies"]}
        found = set()
        for path in PACKAGE.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                found |= {name.partition(".")[0] for name in names}
        assert found - sys.stdlib_module_names - {"natter_client"} == asked | {"h11"}

    def test_everything_exported_is_there(self) -> None:
        assert sorted(natter_client.__all__) == natter_client.__all__
        assert all(hasattr(natter_client, name) for name in natter_client.__all__)
