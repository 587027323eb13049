"""A function that is edited while it runs."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.runtime.functions import Lambda
from local.runtime.reload import Reloader

from .conftest import function


class Edited:
    """Two functions with a folder each, and two layers that both have: one is built."""

    def __init__(self, root: Path, interpreter: Path) -> None:
        self.root = root
        self.says: asyncio.Queue[str] = asyncio.Queue()
        self.write("layer/python/prices.py", "CAKE = 3")
        self.write("built/layer/python/taxes.py", "VAT = 7")
        for name in ("shop", "bank"):
            self.write(f"{name}/app.py", "from prices import CAKE\ndef handle(event, context): return CAKE")
        self.functions = Lambda(
            [
                function(
                    root / name,
                    name,
                    handler="app.handle",
                    layers=(root / "layer", root / "built" / "layer"),
                    provisioned_concurrency=1,
                )
                for name in ("shop", "bank")
            ],
            interpreter=interpreter,
            log_dir=root / "logs",
            extra_env={},
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")

    async def call(self, name: str) -> object:
        return json.loads((await self.functions.invoke(name, b"{}")).payload)

    async def said(self) -> str:
        return await asyncio.wait_for(self.says.get(), 20)


@pytest.fixture
async def edited(interpreter: Path, tmp_path: Path) -> AsyncIterator[Edited]:
    made = Edited(tmp_path, interpreter)
    await made.functions.start()
    reloader = Reloader(made.functions, built=tmp_path / "built", say=made.says.put_nowait)
    running = asyncio.get_running_loop().create_task(reloader.run())
    yield made
    running.cancel()
    await made.functions.stop()


class TestReloader:
    async def test_changed_function_takes_effect_at_the_next_event(self, edited: Edited) -> None:
        assert [await edited.call("shop"), await edited.call("bank")] == [3, 3]
        edited.write("shop/app.py", "def handle(event, context): return 'new'")
        assert await edited.said() == "changed: shop"
        assert [await edited.call("shop"), await edited.call("bank")] == ["new", 3]

    async def test_module_that_is_added_counts(self, edited: Edited) -> None:
        edited.write("bank/more.py", "MORE = 1")
        assert await edited.said() == "changed: bank"

    async def test_changed_layer_concerns_all_that_have_it(self, edited: Edited) -> None:
        assert await edited.call("shop") == 3
        edited.write("layer/python/prices.py", "CAKE = 1_000")
        assert await edited.said() == "changed: bank, shop"
        assert [await edited.call("shop"), await edited.call("bank")] == [1000, 1000]

    async def test_what_is_built_or_compiled_does_not_count(self, edited: Edited) -> None:
        edited.write("built/layer/python/taxes.py", "VAT = 19")
        edited.write("shop/__pycache__/app.cpython-313.pyc", "…")
        edited.write("bank/app.py", "def handle(event, context): return 'last'")
        assert await edited.said() == "changed: bank"

    async def test_error_while_it_is_edited_is_the_answer_until_it_is_mended(self, edited: Edited) -> None:
        edited.write("shop/app.py", "def handle(event, context) return")
        assert await edited.said() == "changed: shop"
        result = await edited.functions.invoke("shop", b"{}")
        assert json.loads(result.payload)["errorType"] == "Runtime.UserCodeSyntaxError"
        edited.write("shop/app.py", "def handle(event, context): return 'mended'")
        assert await edited.said() == "changed: shop"
        assert await edited.call("shop") == "mended"
