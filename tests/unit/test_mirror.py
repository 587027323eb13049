"""Every module of what is decided has the test of its own name: who changes one knows where to look."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIRRORED = ("usecases", "domain")


def modules(package: str) -> list[Path]:
    """The package's modules that do something, below it."""
    folder = ROOT / "shared" / "natter" / package
    return sorted(path.relative_to(folder) for path in folder.rglob("*.py") if does_something(path.read_text()))


def does_something(source: str) -> bool:
    """It has a function of its own; what only holds values and their names is tested with its users."""
    names = (node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef))
    return any(name == "__call__" or not name.startswith("__") for name in names)


@pytest.mark.parametrize(
    ("package", "module"), [(package, module) for package in MIRRORED for module in modules(package)], ids=str
)
def test_a_module_has_the_test_of_its_own_name(package: str, module: Path) -> None:
    assert (ROOT / "tests" / "unit" / package / module.parent / f"test_{module.name}").is_file()


def test_what_does_something_is_found() -> None:
    sources = (
        "A = 1",
        "def f() -> None: ...",
        "class A:\n def __repr__(self): ...",
        "class A:\n def __call__(self): ...",
    )
    found = [does_something(source) for source in sources]
    assert found == [False, True, False, True]
