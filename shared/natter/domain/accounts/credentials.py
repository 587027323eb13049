"""What proves who somebody is, as the server keeps it."""

from dataclasses import dataclass
from typing import Literal

from natter.domain.accounts.users import Principal
from natter.domain.ids import UserId


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: UserId
    password_hash: str

    def __repr__(self) -> str:
        return f"Credentials({self.user_id})"


@dataclass(frozen=True, slots=True)
class Recognised:
    """Whose refresh token it is."""

    principal: Principal
    accepted: bool
    """Whether it would be refreshed if its session lives; False: it was spent before."""


SessionState = Literal["live", "ended"]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key on the curve P-256 by which ES256 signatures are checked (RFC 7518, 6.2.1)."""

    key_id: str
    """Stands in the header of the tokens that it signed."""
    x: str
    """As in a JSON Web Key: 32 bytes, base64url."""
    y: str
