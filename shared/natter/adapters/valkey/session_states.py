"""`SessionStates` on Valkey: "live" is set only where nothing is, "ended" always."""

from typing import cast

from natter.adapters.valkey.client import Valkey
from natter.domain.accounts.credentials import SessionState
from natter.domain.ids import SessionId
from natter.ports.accounts import SessionStates

_LIVE_TTL_S = 300
_ENDED_TTL_S = 3600
"""Longer than any call that read "live" from the truth can take to note it."""


def _key(session: SessionId) -> str:
    return f"session:{session}"


class ValkeySessionStates:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def get(self, session: SessionId) -> SessionState | None:
        with self._valkey.client() as client:
            return cast("SessionState | None", client.get(_key(session)))

    def note_live(self, session: SessionId) -> None:
        with self._valkey.client() as client:
            client.set(_key(session), "live", nx=True, ex=_LIVE_TTL_S)

    def note_ended(self, session: SessionId) -> None:
        with self._valkey.client() as client:
            client.set(_key(session), "ended", ex=_ENDED_TTL_S)


_: type[SessionStates] = ValkeySessionStates
