"""How the bots here are started: by what the environment says, or beside a local cloud, with accounts made for it."""

import asyncio
import contextlib
import importlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from natter_client import Client, sign_up
from natter_client.bots import Bot


def run(bot: Bot, name: str) -> None:
    """Where NATTER_URL says, as NATTER_USER with NATTER_PASSWORD the first time; its store is NATTER_STORE."""
    bot.run(
        os.environ["NATTER_URL"],
        store=os.environ.get("NATTER_STORE", f"{name}.db"),
        username=os.environ.get("NATTER_USER"),
        password=os.environ.get("NATTER_PASSWORD"),
    )


async def beside(outputs: Mapping[str, str], name: str) -> None:
    """
    Serve the bot of this name, and say how to talk to it.

    Raises:
        ModuleNotFoundError: there is no such bot.
    """
    bot: Bot = importlib.import_module(f"clients.bots.{name}.__main__").bot
    url, suffix, password = outputs["HttpUrl"], secrets.token_hex(3), secrets.token_urlsafe(16)
    robot, you = f"{name}_{suffix}", f"you_{suffix}"
    for username in (robot, you):
        await sign_up(url, username, password)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "bot.db"
        async with Client(url, store=store, username=robot, password=password, device="bot") as client:
            await client.synced()
            print(f"\n{name} is {robot}, and you may be {you}. Hear it in one terminal, ask it in another:\n")  # noqa: T201
            command = f".venv/bin/natter-client --url {url} --store .local/{you}.db --user {you}"
            print(f"  NATTER_PASSWORD={password} {command} tail")  # noqa: T201
            print(f"  echo '!help' | NATTER_PASSWORD={password} {command} send --to {robot}\n", flush=True)  # noqa: T201
            with contextlib.suppress(asyncio.CancelledError):
                await bot.serve(client)
