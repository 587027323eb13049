"""`IdentityProvider` in memory, for tests of what uses it: the tokens say nothing, the provider remembers."""

import secrets

from natter.domain.errors import BadCredentials
from natter.domain.identities import Identity
from natter.ports.identity import IdentityProvider


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
