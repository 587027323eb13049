"""
A Chromium to test with, and what else npm brings for the tests of the web app.

It is the one that `NATTER_CHROMIUM` names; else, on x64 Linux, the one of `brought/package-lock.json`, kept in a cache
that all checkouts of this user share, with its libraries and with fonts, so that pages look the same everywhere; else
one on PATH.
"""

import asyncio
import fcntl
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.clients.node import node

VARIABLE = "NATTER_CHROMIUM"
ON_PATH = ("chromium", "chromium-browser", "google-chrome")
MISSING = f"there is no Chromium: install one (Debian: apt install chromium), or say where it is with {VARIABLE}"
LOCKED = Path(__file__).parent / "brought"
NPM_S = 600
UNPACK = """
const { createReadStream, createWriteStream } = require("node:fs");
const { pipeline } = require("node:stream/promises");
const { createBrotliDecompress } = require("node:zlib");
const [from, to] = process.argv.slice(1);
pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to, { mode: 0o755 }));
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/fonts</dir>
  <dir>{folder}/node_modules/@expo-google-fonts</dir>
  <cachedir>{folder}/cache</cachedir>
  <match target="pattern">
    <edit name="family" mode="append"><string>Open Sans</string></edit>
    <edit name="family" mode="append"><string>Noto Color Emoji</string></edit>
  </match>
</fontconfig>
"""


class NoChromium(Exception):
    """There is none on this machine, and none that we could bring to it."""


@dataclass(frozen=True)
class Chromium:
    """What to start, and how."""

    executable: str
    env: Mapping[str, str]

    @property
    def args(self) -> list[str]:
        """It looks up nothing on the internet; root has no sandbox."""
        quiet = ["--no-zygote", "--disable-component-update", "--disable-sync", "--disable-quic"]
        return [*quiet, "--no-sandbox"] if os.getuid() == 0 else quiet


def chromium() -> Chromium:
    """
    The one to test with; brings it if need be, which takes some ten seconds.

    Raises:
        NoChromium: with what to install.
    """
    if named := os.environ.get(VARIABLE):
        if found := shutil.which(named):
            return Chromium(found, os.environ)
        raise NoChromium(f"{VARIABLE}={named} is no program")
    if (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        home = brought()
        own = {"LD_LIBRARY_PATH": str(home / "lib"), "FONTCONFIG_FILE": str(home / "fonts.conf")}
        return Chromium(str(home / "chromium"), os.environ | own)
    for name in ON_PATH:
        if found := shutil.which(name):
            return Chromium(found, os.environ)
    raise NoChromium(MISSING)


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """
    Raises:
        NoChromium: with what to install.
    """
    found = await asyncio.to_thread(chromium)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=found.executable, args=found.args, env=dict(found.env)
        )
        yield browser
        await browser.close()


def axe() -> str:
    """The source of axe-core."""
    return (brought() / "node_modules" / "axe-core" / "axe.min.js").read_text()


@functools.cache
def brought() -> Path:
    """
    The folder of what the lock names, unpacked. Whoever asks while another process brings it waits for that.

    Raises:
        CalledProcessError: npm could not bring it; it has said why.
    """
    lock = b"".join((LOCKED / name).read_bytes() for name in ("package.json", "package-lock.json"))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "natter" / "browser"
    home = cache / hashlib.sha256(lock + FONTS.encode()).hexdigest()[:16]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not home.exists():
            with tempfile.TemporaryDirectory(dir=cache) as draft:
                _bring(Path(draft) / "made", home)
                (Path(draft) / "made").rename(home)
    return home


def _bring(folder: Path, home: Path) -> None:
    """Into `folder`, which will become `home`. npm compares each package with the hash in the lock."""
    shutil.copytree(LOCKED, folder)
    cli = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    env = os.environ | {"PATH": f"{node().parent}:{os.environ['PATH']}"}
    quiet = ("--ignore-scripts", "--no-progress", "--loglevel=error")
    subprocess.run([node(), cli, "ci", *quiet], cwd=folder, env=env, check=True, timeout=NPM_S, stdout=subprocess.PIPE)
    packed = folder / "node_modules" / "@sparticuz" / "chromium" / "bin"
    for name in ("chromium", "al2023.tar", "fonts.tar"):
        subprocess.run([node(), "-e", UNPACK, packed / f"{name}.br", folder / name], check=True, timeout=NPM_S)
    for name in ("al2023.tar", "fonts.tar"):
        with tarfile.open(folder / name) as tar:
            tar.extractall(folder, filter="data")
        (folder / name).unlink()
    shutil.rmtree(packed)
    (folder / "fonts.conf").write_text(FONTS.format(folder=home))
