"""
A stage synthesized as it is deployed, with its layers for arm64, and once more what of it is made.

It takes a minute, so what came of it is kept in `.local` as long as nothing changes that it is made of: the templates,
which hold the digests of all code, and whatever layers are built from.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

from infra.blocks.layers import PLATFORMS, Application, Wheels
from tests.infra.templates import ROOT, Templates, synthesized

OURS = "Natter: "
"""So the descriptions of our own layers begin. The CDK's functions have layers, too."""
CACHE = ROOT / ".local" / "cache" / "whole"


@dataclass(frozen=True)
class Whole:
    changed: list[str]
    """Files of the assembly that are not the same when it is synthesized again, elsewhere, and with layers."""
    rebuilt: Mapping[str, bool]
    """Of each layer, whether it is the same, byte by byte, when it is built again."""
    unzipped: Mapping[str, int]
    """Of each function with its layers, bytes."""

    @property
    def is_fine(self) -> bool:
        return not self.changed and all(self.rebuilt.values())


def whole(first: Templates) -> Whole:
    """What comes of synthesizing it again; `first` is without layers."""
    kept = CACHE / f"{_inputs(first)}.json"
    if kept.exists():
        return Whole(**json.loads(kept.read_text()))
    with TemporaryDirectory() as folder:
        made = _made(first, Path(folder))
    if made.is_fine:
        CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(made)))
    return made


def _made(first: Templates, folder: Path) -> Whole:
    again = synthesized(first.stage, folder / "assembly", with_layers=True)
    layers_of_all = (each["Properties"] for each in again.resources("AWS::Lambda::LayerVersion"))
    layers = {
        each["Description"].removeprefix(OURS): _asset(again, each["Content"])
        for each in layers_of_all
        if each["Description"].startswith(OURS)
    }
    return Whole(
        changed=[name for name, text in _files(first).items() if _files(again).get(name) != text],
        rebuilt={group: _digest(asset) == _digest(_built(group, folder / group)) for group, asset in layers.items()},
        unzipped=dict(_unzipped(again)),
    )


def _files(app: Templates) -> Mapping[str, str]:
    """What a deployment reads: templates, and of what assets they are made."""
    templates = {path.name: path.read_text() for path in sorted(app.folder.glob("*.template.json"))}
    return templates | {path.name: _assets(path) for path in sorted(app.folder.glob("*.assets.json"))}


def _assets(manifest: Path) -> str:
    """By their digests: where they lie differs, for layers are not built in the first synthesis."""
    assets = json.loads(manifest.read_text())
    for asset in assets["files"].values():
        del asset["source"]["path"]
    return json.dumps(assets)


def _built(group: str, folder: Path) -> Path:
    folder.mkdir()
    if group == "natter":
        Application().try_bundle(str(folder))
        return folder
    Wheels(ROOT / "requirements" / f"{group}.txt", PLATFORMS["arm64"]).try_bundle(str(folder))
    return folder


def _unzipped(app: Templates) -> Iterator[tuple[str, int]]:
    services = app.stack("services")["Resources"]
    for name, function in app.functions().items():
        layers = [services[each["Ref"]]["Properties"]["Content"] for each in function.get("Layers", [])]
        yield name, sum(_size(_asset(app, content)) for content in (function["Code"], *layers))


def _asset(app: Templates, content: Mapping[str, Any]) -> Path:
    archive = app.folder / f"asset.{content['S3Key']}"
    return archive if archive.exists() else archive.with_suffix("")


def _size(asset: Path) -> int:
    if asset.suffix == ".zip":
        with ZipFile(asset) as archive:
            return sum(each.file_size for each in archive.infolist())
    return sum(path.stat().st_size for path in asset.rglob("*") if path.is_file())


def _digest(folder: Path) -> str:
    """Of the names, contents and rights of all files."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)} {path.stat().st_mode:o} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(first: Templates) -> str:
    read: list[Callable[[], str]] = [
        *(path.read_text for path in sorted((ROOT / "requirements").glob("*.txt"))),
        *(path.read_text for path in (ROOT / "infra" / "blocks" / "layers.py", Path(__file__))),
    ]
    texts = [*(text() for text in read), *_files(first).values(), sys.version, version("uv")]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
