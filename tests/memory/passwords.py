import hashlib
import secrets

from natter.ports.accounts import Passwords


class MemoryPasswords:
    """Salted, and quick: what tests keep is worth no attack."""

    def hash(self, password: str) -> str:
        return _hashed(secrets.token_hex(8), password)

    def verify(self, password_hash: str | None, password: str) -> bool:
        return password_hash is not None and password_hash == _hashed(password_hash.partition("$")[0], password)


def _hashed(salt: str, password: str) -> str:
    return f"{salt}${hashlib.sha256(f'{salt}{password}'.encode()).hexdigest()}"


_: type[Passwords] = MemoryPasswords
