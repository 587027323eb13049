from dataclasses import dataclass

from natter.domain.accounts.users import Principal, Session, SessionPlace
from natter.domain.clock import NowMs
from natter.domain.ids import SessionId
from natter.domain.paging import Page, decode_cursor, encode_cursor
from natter.ports.accounts import Sessions


@dataclass(frozen=True, kw_only=True)
class ListSessions:
    """The asking user's live sessions, page by page, the one used last first."""

    sessions: Sessions
    now_ms: NowMs

    def __call__(self, asking: Principal, *, limit: int, cursor: str | None = None) -> Page[Session]:
        """
        Raises:
            BadRequest: the cursor is not one of ours.
            Unavailable: the store did not answer in time.
        """
        after = None if cursor is None else _decode(cursor)
        found = self.sessions.of_user(asking.user_id, after=after, limit=limit + 1, at=self.now_ms())
        items = found[:limit]
        return Page(items=items, next_cursor=encode_cursor(*items[-1].place) if len(found) > limit else None)


def _decode(cursor: str) -> SessionPlace:
    refreshed_at, session_id = decode_cursor(cursor, int, str)
    return SessionPlace(refreshed_at, SessionId(session_id))
