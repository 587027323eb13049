"""
`Passwords` by argon2id, of the form in which passwords are compared (RFC 8265, OpaqueString): however a keyboard
composes a letter, it is the same password.
"""

import unicodedata
from base64 import b64encode

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from natter.ports.accounts import Passwords

OWASP_19_MIB = Parameters(
    type=Type.ID,
    version=ARGON2_VERSION,
    salt_len=16,
    hash_len=32,
    time_cost=2,
    memory_cost=19 * 1024,
    parallelism=1,
)
"""
OWASP's password storage cheat sheet: m=19 MiB, t=2, p=1. RFC 9106's low-memory profile (64 MiB, t=3, p=4) counts on
four cores, which a function does not have.
"""


class Argon2Passwords:
    def __init__(self, profile: Parameters = OWASP_19_MIB) -> None:
        self._hasher = PasswordHasher.from_parameters(profile)
        self._nobodys = _unmatched(profile)

    def hash(self, password: str) -> str:
        return self._hasher.hash(_prepared(password))

    def verify(self, password_hash: str | None, password: str) -> bool:
        """As it was typed counts, too: older hashes were made of that. How much work it is depends on that alone."""
        forms = dict.fromkeys((_prepared(password), password))
        matching = [self._matches(password_hash or self._nobodys, form) for form in forms]
        return password_hash is not None and any(matching)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _prepared(password: str) -> str:
    """Spaces of all kinds become the one of ASCII, then NFC (RFC 8265, 4.2.2)."""
    plain = "".join(" " if unicodedata.category(each) == "Zs" else each for each in password)
    return unicodedata.normalize("NFC", plain)


def _unmatched(profile: Parameters) -> str:
    """A hash that no password makes, and that costs as much to compare as one of `profile`."""
    salt, digest = (b64encode(bytes(length)).decode().rstrip("=") for length in (profile.salt_len, profile.hash_len))
    cost = f"m={profile.memory_cost},t={profile.time_cost},p={profile.parallelism}"
    return f"$argon2id$v={profile.version}${cost}${salt}${digest}"


_: type[Passwords] = Argon2Passwords
