"""Which browser the tests take, and that what npm brings for them is what was locked."""

import json
import platform

import pytest

from tests.browser.chromium import LOCKED, MISSING, VARIABLE, Chromium, NoChromium, chromium


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine for which nothing is brought."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    return monkeypatch


def test_the_one_that_the_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/bin/sh")
    assert chromium().executable == "/bin/sh"
    monkeypatch.setenv(VARIABLE, "/no/chromium")
    with pytest.raises(NoChromium, match="/no/chromium"):
        chromium()


def test_elsewhere_one_on_the_path_or_else_a_line_says_what_to_install(
    elsewhere: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    elsewhere.setenv("PATH", str(folder))
    with pytest.raises(NoChromium) as refused:
        chromium()
    assert str(refused.value) == MISSING
    assert "\n" not in MISSING
    program = folder / "google-chrome"
    program.touch(mode=0o755)
    assert chromium().executable == str(program)


def test_root_has_no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    for user, unboxed in ((0, True), (1000, False)):
        monkeypatch.setattr("os.getuid", lambda user=user: user)
        assert ("--no-sandbox" in Chromium("", {}).args) is unboxed


def test_every_package_has_its_hash_and_comes_from_no_named_registry() -> None:
    lock = json.loads((LOCKED / "package-lock.json").read_text())
    brought = {name: each for name, each in lock["packages"].items() if name}
    assert {"node_modules/axe-core", "node_modules/@sparticuz/chromium"} <= brought.keys()
    assert [name for name, each in brought.items() if not each["integrity"].startswith("sha512-")] == []
    assert [name for name, each in brought.items() if "resolved" in each] == []
