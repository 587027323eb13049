"""Dependency layers, built from the hashed requirements of a group, without Docker."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling, SymlinkFollowMode
from aws_cdk import aws_lambda as lambda_
from constructs import Construct
from uv import find_uv_bin

from infra.config import Stage

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = ROOT / "layers" / "natter"
NOT_OURS = ("__pycache__", "*.pyc", "*.md")
"""Beside the application, and no part of it."""
PLATFORMS = {"arm64": "aarch64-manylinux_2_28", "host": None}
UNPACKED = "/opt/python"
"""Where Lambda has a layer's modules."""
BUILD = 2
"""Part of the assets' hash: raised when what `Wheels` or `Application` does changes."""
INSTALL_TIMEOUT_S = 300


def architecture(stage: Stage) -> lambda_.Architecture:
    arm = stage.architecture == "arm64" or platform.machine() in {"arm64", "aarch64"}
    return lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64


@jsii.implements(ILocalBundling)
class Wheels:
    """
    Installs one group's pinned wheels below `python/`, byte-compiled and without tests.

    Lambda unpacks archives with other file times than the build had, so the byte code is made not to be compared
    with its source: imports take a third of the time. It names files as they lie there, and is the same whoever makes
    it: sets of constants are written in the order of their hashes.
    """

    def __init__(self, requirements: Path, wheel_platform: str | None) -> None:
        self._requirements = requirements
        self._platform = wheel_platform

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        target = Path(output_dir) / "python"
        foreign = ["--python-platform", self._platform] if self._platform else []
        subprocess.run(
            [
                *(find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--require-hashes"),
                *("--only-binary", ":all:", "--python", sys.executable, "--python-version", "3.13", *foreign),
                *("--target", str(target), "--requirements", str(self._requirements)),
            ],
            check=True,
            timeout=INSTALL_TIMEOUT_S,
        )
        shutil.rmtree(target / "bin", ignore_errors=True)
        (target / ".lock").unlink(missing_ok=True)
        for tests in [path for path in target.glob("*/**/tests") if path.is_dir()]:
            shutil.rmtree(tests)
        _compile(target)
        return True


@jsii.implements(ILocalBundling)
class Application:
    """
    The application, byte-compiled as the wheels are: what an environment compiles itself it can keep nowhere, and the
    next one compiles it again, before its first event.
    """

    def try_bundle(self, output_dir: str, *_: object, **__: object) -> bool:
        target = Path(output_dir) / "python"
        shutil.copytree(APPLICATION / "python", target, ignore=shutil.ignore_patterns(*NOT_OURS))
        _compile(target)
        return True


def _compile(target: Path) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "compileall", "-q", "-j2", "--invalidation-mode", "unchecked-hash"),
            *("-s", str(target), "-p", UNPACKED, str(target)),
        ],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        timeout=INSTALL_TIMEOUT_S,
    )


class Layers(Construct):
    """Layer `natter` (the application) and one layer a dependency group; `layers/*/README.md` say what is inside."""

    def __init__(self, scope: Construct, id_: str, *, stage: Stage) -> None:
        super().__init__(scope, id_)
        self._stage = stage
        self._made: dict[str, lambda_.LayerVersion] = {}

    def __getitem__(self, group: str) -> lambda_.LayerVersion:
        if group not in self._made:
            self._made[group] = lambda_.LayerVersion(
                self,
                group.title(),
                code=self._application() if group == "natter" else self._dependencies(group),
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
                compatible_architectures=[architecture(self._stage)],
                description=f"Natter: {group}",
            )
        return self._made[group]

    def _application(self) -> lambda_.Code:
        """
        `layers/natter/python/natter` is a link to the package, so what Lambda unpacks is what the tests import. The
        local cloud takes it from where it lies, and keeps its byte code beside it.
        """
        compiled = BundlingOptions(
            image=DockerImage.from_registry("never-pulled"),
            local=Application(),
            environment={"BUILD": str(BUILD)},  # is part of the asset's hash
        )
        return lambda_.Code.from_asset(
            str(APPLICATION),
            follow_symlinks=SymlinkFollowMode.ALWAYS,
            exclude=[f"**/{name}" for name in NOT_OURS],
            bundling=None if self._stage.architecture == "host" else compiled,
        )

    def _dependencies(self, group: str) -> lambda_.Code:
        requirements = ROOT / "requirements" / f"{group}.txt"
        wheel_platform = PLATFORMS[self._stage.architecture]
        content = f"{BUILD} {wheel_platform or sys.platform + platform.machine()}\n{requirements.read_text()}"
        return lambda_.Code.from_asset(
            str(ROOT / "layers" / group),
            asset_hash=hashlib.sha256(content.encode()).hexdigest(),
            asset_hash_type=AssetHashType.CUSTOM,
            bundling=BundlingOptions(
                image=DockerImage.from_registry("never-pulled"), local=Wheels(requirements, wheel_platform)
            ),
        )
