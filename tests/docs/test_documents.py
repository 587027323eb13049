"""What the documents say is so."""

import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from natter.domain import errors
from natter.domain.errors import NatterError
from natter.names import TOPICS
from tests.documents import openapi

ROOT = Path(__file__).parents[2]
PROTOCOL = (ROOT / "docs" / "protocol.md").read_text()
DOCUMENTS = sorted(
    [ROOT / "README.md", ROOT / "tests" / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("l*/**/README.md")]
)
LINK = re.compile(r"\[[^\]]+\]\((?!https?://)([^)#]+)")
FOLDERS = sorted(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]*)`")
LAYERS = sorted(path.name for path in (ROOT / "shared" / "natter").iterdir() if path.is_dir())
PATH_OF_LAYER = re.compile(rf"`((?:{'|'.join(LAYERS)})/[\w./-]+)`")
MODULE = re.compile(r"\b(?:natter(?!\.v\d)|functions|infra|local|tests)(?:\.[A-Za-z_]\w*)+")
"""`natter.v1` is the subprotocol of WebSockets."""
IMPORT = re.compile(r"^from (natter[\w.]*) import ([\w, ]+)$", re.MULTILINE)


def error_leaves() -> list[type[NatterError]]:
    return [each for each in vars(errors).values() if isinstance(each, type) and each.__bases__ == (NatterError,)]


def sections(name: str) -> str:
    return PROTOCOL.split(f"## {name}\n")[1].split("\n## ")[0]


def rows(table: str) -> Iterator[list[str]]:
    for line in table.splitlines():
        if line.startswith("| ") and "---" not in line:
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def exists(name: str) -> bool:
    """Whether there is such a module, or, in the application, such a thing in a module."""
    if name.startswith("natter."):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            return False
        return True
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


class TestProtocol:
    @pytest.mark.parametrize("error", error_leaves(), ids=lambda error: error.code)
    def test_states_code_status_and_retry_of_every_error(self, error: type[NatterError]) -> None:
        """The tree of errors and the table of the protocol say the same."""
        stated = {row[0].strip("` "): (row[1], row[2]) for row in rows(sections("Errors"))}
        assert (str(error.status), "yes" if error.retryable else "no") == stated[error.code]

    def test_states_no_error_that_does_not_exist(self) -> None:
        stated = {row[0].strip("` ") for row in rows(sections("Errors"))} - {"code"}
        assert {error.code for error in error_leaves()} == stated

    @pytest.mark.parametrize("path", openapi.document()["paths"])
    def test_states_every_path(self, path: str) -> None:
        words = [word for word in path.split("/") if word and not word.startswith("{")]
        assert all(word in sections("HTTP") for word in words)


class TestDocuments:
    def test_topics_are_explained(self) -> None:
        data = (ROOT / "docs" / "data.md").read_text()
        assert [topic for topic in TOPICS if f"`{topic}`" not in data] == []

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
    def test_links_lead_somewhere(self, document: Path) -> None:
        linked = LINK.findall(document.read_text())
        assert [target for target in linked if not (document.parent / target).exists()] == []

    @pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
    def test_paths_and_modules_that_are_named_exist(self, document: Path) -> None:
        """Files and folders in backticks, from the top or from `shared/natter`; modules with dots, and imports."""
        text = document.read_text()
        paths = [ROOT / path for path in PATH.findall(text)]
        paths += [ROOT / "shared" / "natter" / path for path in PATH_OF_LAYER.findall(text)]
        modules = [*MODULE.findall(text)]
        modules += [f"{module}.{name.strip()}" for module, names in IMPORT.findall(text) for name in names.split(",")]
        gone = [str(path.relative_to(ROOT)) for path in paths if not path.exists()]
        gone += [module for module in modules if not exists(module)]
        assert not gone, f"{document.name} names what is not there (any more): {', '.join(gone)}"

    def test_a_name_that_is_gone_is_noticed(self) -> None:
        assert exists("natter.names.TOPICS")
        assert exists("tests.documents")
        assert [name for name in ("natter.names.GONE", "natter.ports.checks", "tests.gone") if exists(name)] == []

    def test_functions_are_listed_in_the_architecture(self) -> None:
        architecture = (ROOT / "docs" / "architecture.md").read_text()
        functions = {path.parent.name for path in ROOT.glob("functions/*/handler.py")}
        assert set() == {name for name in functions if f"`{name}`" not in architecture}

    def test_every_decision_says_when_to_reopen_it(self) -> None:
        decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
        assert decisions
        assert [path.name for path in decisions if "Reopen when: " not in path.read_text()] == []

    def test_data_says_where_a_block_counts(self) -> None:
        """Whoever reads blocks, or what says that a conversation is across one."""
        shared = ROOT / "shared" / "natter"
        section = (
            (ROOT / "docs" / "data.md").read_text().split("### A block takes effect at once\n")[1].split("\n###")[0]
        )
        reads = re.compile(r"VISIBLE\}|\.blocked\b|blocks\.across|(?:FROM|JOIN) blocks")
        readers = {path for path in shared.glob("**/*.py") if reads.search(path.read_text())}
        assert {path.relative_to(shared).as_posix() for path in readers} == {
            target.split("natter/")[1] for target in LINK.findall(section)
        }
