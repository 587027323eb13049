"""`SessionStates` on Valkey: "live" is set only where nothing is, "ended" always."""

from collections.abc import Collection
from typing import Any, cast

from natter.adapters.valkey.client import Valkey
from natter.domain.accounts.credentials import SessionState
from natter.domain.ids import SessionId
from natter.names import CONNECTION_LIFETIME_S
from natter.ports.accounts import SessionStates

_LIVE_TTL_S = 300
_ENDED_TTL_S = CONNECTION_LIFETIME_S
"""As long as a connection that was made before may live; its frames are refused for as long."""


class ValkeySessionStates:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def get(self, session: SessionId) -> SessionState | None:
        with self._valkey.client() as client:
            return cast("SessionState | None", state_of(client, session))

    def note_live(self, session: SessionId) -> None:
        with self._valkey.client() as client:
            client.set(_key(session), "live", nx=True, ex=_LIVE_TTL_S)

    def note_ended(self, sessions: Collection[SessionId]) -> None:
        if not sessions:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for session in sessions:
                pipeline.set(_key(session), "ended", ex=_ENDED_TTL_S)
            pipeline.execute()


def state_of(client: Any, session: SessionId) -> Any:
    """With a client or a pipeline of one: what is known of a session, or None."""
    return client.get(_key(session))


def _key(session: SessionId) -> str:
    return f"session:{session}"


_: type[SessionStates] = ValkeySessionStates
