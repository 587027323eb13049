"""The web clients: format, lint, types, and their own tests, in clients/web/sdk/test and clients/web/app/test."""

import json

import pytest

from tests.clients.node import WEB, run_node

WITHIN_S = 240.0
"""Seconds are enough; a machine that does something else may take longer."""
TOOLS = {
    "format and lint": ("node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."),
    "types": ("node_modules/typescript/bin/tsc", "-p", "."),
    "tests of the SDK": ("node_modules/vitest/vitest.mjs", "run", "--root", "sdk", "--reporter", "default"),
    "tests of the app": ("node_modules/vitest/vitest.mjs", "run", "--root", "app", "--reporter", "default"),
}


@pytest.mark.parametrize("tool", TOOLS)
async def test_web_clients(tool: str) -> None:
    code, said = await run_node(*TOOLS[tool], folder=WEB, within_s=WITHIN_S)
    assert code == 0, said


def test_every_package_has_its_hash_and_comes_from_no_named_registry() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text())
    brought = {name: each for name, each in lock["packages"].items() if "node_modules" in name and not each.get("link")}
    assert len(brought) > 40
    assert [name for name, each in brought.items() if not each.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, each in brought.items() if "resolved" in each] == []


def test_the_sdk_depends_on_nothing() -> None:
    assert "dependencies" not in json.loads((WEB / "sdk" / "package.json").read_text())
