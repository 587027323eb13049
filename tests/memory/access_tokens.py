"""`AccessTokens` in memory, for tests of what uses them: the tokens say nothing, the issuer remembers."""

import secrets
from collections.abc import Sequence

from natter.domain.accounts.credentials import PublicKey
from natter.domain.accounts.users import Principal
from natter.domain.clock import NowMs
from natter.domain.errors import Unauthenticated
from natter.ports.accounts import AccessTokens, TokenKeys


class MemoryAccessTokens:
    def __init__(self, clock: NowMs) -> None:
        self._clock = clock
        self._issued: dict[str, tuple[Principal, int]] = {}

    def issue(self, principal: Principal, *, at: int, ttl_s: int) -> str:
        token = secrets.token_urlsafe(16)
        self._issued[token] = (principal, at + ttl_s * 1000)
        return token

    def read(self, token: str) -> Principal:
        principal, expires_at = self._issued.get(token, (None, 0))
        if principal is None or self._clock() >= expires_at:
            raise Unauthenticated
        return principal

    def public_keys(self) -> Sequence[PublicKey]:
        return ()


_: type[AccessTokens] = MemoryAccessTokens
_keys: type[TokenKeys] = MemoryAccessTokens
