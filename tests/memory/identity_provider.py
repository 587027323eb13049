"""`IdentityProvider` in memory, for tests of what uses it: the tokens say nothing, the provider remembers."""

import secrets

from natter.domain.accounts.identities import Identity
from natter.domain.errors import BadCredentials
from natter.ports.accounts import IdentityProvider


class MemoryIdentityProvider:
    def __init__(self) -> None:
        self._issued: dict[str, Identity] = {}

    def issue(self, identity: Identity) -> str:
        token = secrets.token_urlsafe(16)
        self._issued[token] = identity
        return token

    def identify(self, id_token: str) -> Identity:
        if id_token not in self._issued:
            raise BadCredentials("no valid ID token")
        return self._issued[id_token]


_: type[IdentityProvider] = MemoryIdentityProvider
