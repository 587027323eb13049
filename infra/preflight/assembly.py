"""What is going to be deployed, read from what the CDK has synthesized: needs are those of the templates themselves."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

type Properties = dict[str, Any]


class NoAssembly(Exception):
    """There is nothing synthesized in that folder."""


@dataclass(frozen=True)
class Assembly:
    folder: Path

    @cached_property
    def stacks(self) -> dict[str, dict[str, Any]]:
        """The templates, by the names of their stacks."""
        return {
            artifact["properties"].get("stackName", name): json.loads(
                (self.folder / artifact["properties"]["templateFile"]).read_text()
            )
            for name, artifact in self._artifacts()
        }

    @cached_property
    def bootstrap(self) -> tuple[int, str]:
        """The least version of the bootstrap stack that the templates need, and the parameter that has it."""
        found = [artifact["properties"] for _, artifact in self._artifacts()]
        version = max(each["requiresBootstrapStackVersion"] for each in found)
        return version, found[0]["bootstrapStackVersionSsmParameter"]

    @cached_property
    def regions(self) -> set[str]:
        """Those that stacks name; the others go where the deployment says."""
        named = {artifact["environment"].rpartition("/")[2] for _, artifact in self._artifacts()}
        return named - {"unknown-region"}

    def properties(self, type_: str, *, without: frozenset[str] = frozenset()) -> list[Properties]:
        """Of all resources of a type, but for those of the stacks `without`."""
        return [
            dict(resource.get("Properties", {}))
            for name, template in self.stacks.items()
            if name not in without
            for resource in template["Resources"].values()
            if resource["Type"] == type_
        ]

    def types(self) -> set[str]:
        return {resource["Type"] for template in self.stacks.values() for resource in template["Resources"].values()}

    def _artifacts(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        try:
            manifest = json.loads((self.folder / "manifest.json").read_text())
        except FileNotFoundError:
            raise NoAssembly(f"nothing is synthesized in {self.folder}") from None
        for name, artifact in manifest["artifacts"].items():
            if artifact["type"] == "aws:cloudformation:stack":
                yield name, artifact
