"""The pictures of docs/architecture.md are the contracts that import-linter keeps."""

import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HOUSE = (ROOT / "docs" / "architecture.md").read_text().split("## The house\n")[1].split("\n## ")[0]
USECASES = ROOT / "shared" / "natter" / "usecases"


def contract(start: str) -> dict[str, Any]:
    """The one whose name begins so."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (found,) = [each for each in contracts if each["name"].startswith(start)]
    return dict(found)


def floors() -> list[set[str]]:
    """What the first line of each floor names."""
    (picture,) = re.findall(r"^┌.*?^└", HOUSE, re.DOTALL | re.MULTILINE)
    firsts = [floor.strip().splitlines()[0] for floor in re.split(r"^[┌├└].*$", picture, flags=re.MULTILINE)[1:-1]]
    return [{cell.strip() for cell in first.strip("│").split("│")} for first in firsts]


def drawn() -> tuple[list[str], list[str]]:
    """Capabilities and arrows of the diagram."""
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", HOUSE, re.DOTALL)
    return re.findall(r"^ *(\w+)\[", diagram, re.MULTILINE), re.findall(r"^ *(\w+ --> \w+)$", diagram, re.MULTILINE)


def capabilities() -> set[str]:
    return {folder.parent.name for folder in USECASES.glob("*/__init__.py")}


def acyclic(arrows: Collection[str]) -> bool:
    """Whether some order has every arrow point onward."""
    left = {(start, end) for start, _, end in (arrow.split() for arrow in arrows)}
    while leaves := {end for _, end in left} - {start for start, _ in left}:
        left = {(start, end) for start, end in left if end not in leaves}
    return not left


class TestFloors:
    def test_are_those_of_the_contract(self) -> None:
        layers = [set(layer.split(" | ")) for layer in contract("the house")["layers"]]
        assert floors() == [{"functions"}, *layers], (
            "draw the floors in docs/architecture.md as the first contract in pyproject.toml has them"
        )


class TestCapabilities:
    def test_each_is_in_the_diagram_once(self) -> None:
        names, _ = drawn()
        missing = capabilities() - set(names)
        assert not missing, f"add to the diagram in docs/architecture.md: {', '.join(sorted(missing))}"
        assert sorted(names) == sorted(capabilities()), "the diagram in docs/architecture.md has more than there is"

    def test_arrows_are_what_the_contract_allows(self) -> None:
        """That none is allowed without need, import-linter itself sees to."""
        _, arrows = drawn()
        allowed = [
            re.sub(r"natter\.usecases\.(\w+)\.\*\* -> natter\.usecases\.(\w+)\.\*\*", r"\1 --> \2", line)
            for line in contract("use cases of one capability")["ignore_imports"]
        ]
        assert sorted(arrows) == sorted(allowed), (
            "an arrow in docs/architecture.md and a line of ignore_imports in pyproject.toml belong together"
        )

    def test_arrows_lead_round_in_no_circle(self) -> None:
        assert acyclic(drawn()[1]), "two capabilities that need each other are one: move what both need to the domain"

    def test_a_circle_is_noticed(self) -> None:
        assert not acyclic([*drawn()[1], "delivery --> privacy"])
