"""What was counted on the local cloud, by `python -m tests.bench.billed`; nothing in it is typed by hand."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("measured.json")


@dataclass(frozen=True, kw_only=True)
class Measured:
    date: str
    command: str
    about: Mapping[str, str]
    """What happens, by act."""
    acts: Mapping[str, Mapping[str, float]]
    """What one act asks for, by name: `gateway.posts`, `lambda.send.ms`, `keyspaces.write.events` …"""
    minute: Mapping[str, float]
    """What runs every minute asks for when there is nothing to do."""
    connection_bytes: float
    """In Valkey, of one connection."""

    def of(self, act: str, prefix: str) -> float:
        """All that begins so: `keyspaces.write.` are the units of all tables."""
        return total(self.acts[act], prefix)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def total(amounts: Mapping[str, float], prefix: str) -> float:
    return sum(amount for name, amount in amounts.items() if name.startswith(prefix))


def read(file: Path = FILE) -> Measured:
    return Measured(**json.loads(file.read_text()))
