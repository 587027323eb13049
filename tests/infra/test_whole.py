"""Production as it is deployed: with its layers, and the same whoever synthesizes it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.infra.quotas import UNZIPPED_BYTES
from tests.infra.templates import Templates
from tests.infra.whole import Whole, _digest, whole


@pytest.fixture(scope="module")
def made(stages: Callable[[str], Templates]) -> Whole:
    return whole(stages("prod"))


def test_a_second_synthesis_is_the_same_byte_by_byte(made: Whole) -> None:
    """In another folder, by another process, whose sets have another order; with layers, which the first is without."""
    assert made.changed == []


def test_layers_are_the_same_when_they_are_built_again(made: Whole) -> None:
    assert set(made.rebuilt) >= {"natter", "core", "streams", "tables", "users", "migrations", "outside"}
    assert [group for group, same in made.rebuilt.items() if not same] == []


def test_functions_and_their_layers_fit_when_they_are_unzipped(made: Whole) -> None:
    assert len(made.unzipped) > 20
    assert {name: size for name, size in made.unzipped.items() if not 0 < size <= UNZIPPED_BYTES} == {}


def test_a_layer_that_differs_in_a_byte_is_found(tmp_path: Path) -> None:
    for name, content in (("a", b"x"), ("b", b"x"), ("c", b"y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.pyc").write_bytes(content)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") != _digest(tmp_path / "c")
