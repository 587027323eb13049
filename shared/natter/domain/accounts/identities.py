"""Whom an identity provider vouches for, and what such people are called here."""

import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from natter.domain.accounts.users import is_username
from natter.domain.lines import line_like

_LONGEST_USERNAME = 32
_LONGEST_DISPLAY_NAME = 64
_NAMELESS = "user"
_ATTEMPTS = 4
_SUFFIX_BYTES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Issuer and subject together are one person for ever; what that person is called may change."""

    issuer: str
    subject: str
    username: str | None = None
    """As the provider says it: any text. It never decides who somebody is here."""
    display_name: str | None = None
    """As the provider says it: any text."""


def usernames(wished: str | None) -> Iterator[str]:
    """User names to try, the nearest to `wished` first; the later ones are most unlikely to be taken."""
    name = _username_like(wished or "")
    yield name
    for _ in range(1, _ATTEMPTS):
        yield f"{name[: _LONGEST_USERNAME - 1 - 2 * _SUFFIX_BYTES]}_{secrets.token_hex(_SUFFIX_BYTES)}"


def display_name_like(wished: str | None) -> str | None:
    """The display name nearest to `wished`; None if nothing of it can be shown."""
    return line_like(wished or "", _LONGEST_DISPLAY_NAME)


def _username_like(wished: str) -> str:
    """Of a mail address the part before the @; small letters without accents."""
    local_part = unicodedata.normalize("NFKD", wished.partition("@")[0])
    plain = local_part.encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9_.]+", "_", plain).strip("_")[:_LONGEST_USERNAME]
    return name if is_username(name) else _NAMELESS
