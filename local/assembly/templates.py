"""What the CDK wrote: the manifest, the stacks' templates and their assets."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Resource:
    stack: str
    logical_id: str
    type: str
    properties: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id} ({self.type})"


@dataclass(frozen=True)
class Stack:
    name: str
    template: Mapping[str, Any]
    assets: Mapping[str, Path] = field(default_factory=dict)
    """Folder of each file asset, by its object key in the asset bucket."""
    resources: Mapping[str, Resource] = field(init=False)

    def __post_init__(self) -> None:
        resources = {
            logical_id: Resource(self.name, logical_id, body["Type"], body.get("Properties", {}))
            for logical_id, body in self.template.get("Resources", {}).items()
        }
        object.__setattr__(self, "resources", resources)


@dataclass(frozen=True)
class Assembly:
    """All stacks of an app. `stacks` keeps the manifest's order."""

    stacks: Mapping[str, Stack]

    @classmethod
    def load(cls, folder: Path) -> "Assembly":
        """Reads a cloud assembly (`cdk.out`).

        Raises:
            FileNotFoundError: there is none in `folder`.
        """
        manifest = json.loads((folder / "manifest.json").read_text())
        stacks = {}
        for artifact_id, artifact in manifest["artifacts"].items():
            if artifact["type"] != "aws:cloudformation:stack":
                continue
            name = artifact["properties"].get("stackName", artifact_id)
            template = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
            stacks[name] = Stack(name, template, _assets(folder, artifact_id))
        return cls(stacks)

    def resources(self, *types: str) -> Iterator[Resource]:
        """Of these types, or all."""
        for stack in self.stacks.values():
            for resource in stack.resources.values():
                if not types or resource.type in types:
                    yield resource


def _assets(folder: Path, artifact_id: str) -> dict[str, Path]:
    manifest = folder / f"{artifact_id}.assets.json"
    if not manifest.exists():
        return {}
    return {
        destination["objectKey"]: (folder / asset["source"]["path"]).resolve()
        for asset in json.loads(manifest.read_text())["files"].values()
        for destination in asset["destinations"].values()
    }
