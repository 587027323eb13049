"""
Refresh tokens: `SESSION.FAMILY.TURN`.

FAMILY stays the same for the life of a session, TURN is new with every refresh; the server keeps the digest of
FAMILY and of the current TURN. A token with the right FAMILY and another TURN was genuine once: it is being used
again. One with a wrong FAMILY was never ours. So reuse of any earlier token is told from a guess without keeping
the digests of all that were ever given out.

Of the dead ones, that which died last may be used once more for a moment (`Turns`).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

from natter.domain.errors import BadToken
from natter.domain.ids import SessionId

_SECRET_BYTES = 32

GRACE_MS = 10_000
"""How long after its first use a token may be used once more: an answer got lost, or two tabs refreshed at once."""


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()  # the secrets are random: nothing to stretch


@dataclass(frozen=True, slots=True)
class TokenDigests:
    """What is kept of a session's refresh token: enough to recognise it, not to make it."""

    family: bytes
    turn: bytes

    def recognise(self, shown: "TokenDigests") -> bool:
        """Whether `shown` belongs to a token of this session, the current one or a spent one."""
        return hmac.compare_digest(self.family, shown.family)


@dataclass(frozen=True, slots=True)
class Turns:
    """The turns of a session's refresh tokens that are of consequence; by their digests, which nobody can choose."""

    current: bytes
    other: bytes | None = None
    """As good as the current one: given for `spent` when that was used once more."""
    spent: bytes | None = None
    """The one that died last."""
    spent_at: int = 0
    """When it was used first, milliseconds."""

    def accepts(self, shown: bytes, *, at: int) -> bool:
        """Whether another pair is given for `shown`."""
        if shown in (self.current, self.other):
            return True
        return shown == self.spent and self.other is None and at - self.spent_at <= GRACE_MS

    def turned(self, shown: bytes, following: bytes, *, at: int) -> "Turns | None":
        """
        The turns when `following` was given for `shown`; None if it is not given.

        Of two current ones, the one that is not refreshed dies with the other. Repeating a step that was taken
        changes nothing.
        """
        if shown == self.spent and following in (self.current, self.other):
            return self
        if not self.accepts(shown, at=at):
            return None
        if shown == self.spent:
            return replace(self, other=following)
        return Turns(following, spent=shown, spent_at=at)


@dataclass(frozen=True, slots=True)
class RefreshToken:
    session_id: SessionId
    family: str
    turn: str

    @classmethod
    def first(cls, session: SessionId) -> "RefreshToken":
        return cls(session, secrets.token_urlsafe(_SECRET_BYTES), secrets.token_urlsafe(_SECRET_BYTES))

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """
        Read what a client sent.

        Raises:
            BadToken: not the shape of a token of ours.
        """
        parts = text.split(".")
        if len(parts) != 3 or not text.isascii() or "\0" in text:  # noqa: PLR2004 - the three parts named above
            raise BadToken
        return cls(SessionId(parts[0]), parts[1], parts[2])

    def next(self) -> "RefreshToken":
        return RefreshToken(self.session_id, self.family, secrets.token_urlsafe(_SECRET_BYTES))

    def digests(self) -> TokenDigests:
        return TokenDigests(_digest(self.family), _digest(self.turn))

    def __str__(self) -> str:
        return f"{self.session_id}.{self.family}.{self.turn}"

    def __repr__(self) -> str:
        return f"RefreshToken({self.session_id})"
