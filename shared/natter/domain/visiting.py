"""
Visitors: two people that a deployment makes of itself, to see what users see.

All of them comes from one secret and the week. So whoever has the secret can be them without keeping anything, each
week's are new people with new passwords and an empty conversation, and last week's can still be erased.
"""

import hmac
from dataclasses import dataclass, field
from enum import StrEnum

GENERATION_MS = 7 * 24 * 3600 * 1000


class Leg(StrEnum):
    """What a visit does, one after the other; `natter.metrics.LEGS` has the same."""

    SIGN_IN = "sign-in"
    CONNECT = "connect"
    SEND = "send"
    PUSH = "push"
    SYNC = "sync"
    RECEIVE = "receive"
    READ = "read"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user and the one device that they have."""

    username: str
    password: str = field(repr=False)
    device_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """`caller` says something while `callee` is away."""

    caller: Person
    callee: Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """How one leg went."""

    leg: Leg
    ms: int
    """How long it took, also until it had failed."""
    failure: str | None = None
    """What came instead of what was promised; None: all as it should be."""


def generation(now_ms: int) -> int:
    """Of the visitors of this moment."""
    return now_ms // GENERATION_MS


def pair(secret: str, number: int) -> Pair:
    """The visitors of a generation."""
    return Pair(caller=_person(secret, number, "a"), callee=_person(secret, number, "b"))


def _person(secret: str, number: int, letter: str) -> Person:
    name, password, device = (
        hmac.digest(secret.encode(), f"{purpose} {number} {letter}".encode(), "sha256").hex()
        for purpose in ("name", "password", "device")
    )
    return Person(username=f"visitor_{name[:16]}_{letter}", password=password, device_id=device[:32])
