"""The layer of the application, as it is made for AWS."""

import marshal
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path

import pytest

from infra.blocks.layers import APPLICATION, UNPACKED, Application

UNCHECKED = (1).to_bytes(4, "little")
"""Flags of byte code that is never compared with its source (PEP 552)."""
HEAD = 16
"""Bytes before the code."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layer")
    Application().try_bundle(str(folder))
    return folder / "python"


class TestApplication:
    def test_has_byte_code_of_each_module_that_counts_whatever_the_time_of_its_file(self, made: Path) -> None:
        """Lambda unpacks archives with other times, and an environment could not keep what it compiles."""
        modules = sorted(each.relative_to(made) for each in made.rglob("*.py"))
        source = APPLICATION / "python"
        assert modules == sorted(each.relative_to(source) for each in source.rglob("*.py", recurse_symlinks=True))
        heads = {Path(cache_from_source(str(made / each))).read_bytes()[: len(MAGIC_NUMBER) + 4] for each in modules}
        assert heads == {MAGIC_NUMBER + UNCHECKED}

    def test_names_its_files_as_they_lie_on_lambda(self, made: Path) -> None:
        code = made / "natter" / "__pycache__" / "names.cpython-313.pyc"
        assert marshal.loads(code.read_bytes()[HEAD:]).co_filename == f"{UNPACKED}/natter/names.py"  # noqa: S302
