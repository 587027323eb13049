from dataclasses import dataclass

from natter.domain.accounts.users import User
from natter.domain.clock import NowMs
from natter.domain.errors import BadRequest, NotFound
from natter.domain.ids import UserId
from natter.domain.paging import Page, page_by_id
from natter.ports.accounts import Blocks
from natter.ports.conversations import Admission, Conversations


@dataclass(frozen=True, kw_only=True)
class KeepBlocks:
    """
    Whom one has blocked. Nobody is told: not who is blocked, and not who blocks whether it goes both ways.

    When a change returns, it counts for the direct conversation of the two, too. `Unavailable`: it may not count
    there yet; repeating it is safe, and makes it so, and failing that `relay` does.
    """

    blocks: Blocks
    conversations: Conversations
    admission: Admission
    now_ms: NowMs

    def add(self, user: UserId, blocked: UserId) -> None:
        """
        Raises:
            BadRequest: it is oneself.
            NotFound: there is no such user.
        """
        if user == blocked:
            raise BadRequest("user_id: nobody blocks themselves")
        if not self.blocks.add(user, blocked, at=self.now_ms()):
            raise NotFound("no such user")
        self._make_known(user, blocked)

    def remove(self, user: UserId, blocked: UserId) -> None:
        """Not being blocked is fine."""
        self.blocks.remove(user, blocked, at=self.now_ms())
        self._make_known(user, blocked)

    def page(self, user: UserId, *, limit: int, cursor: str | None) -> Page[User]:
        """
        Raises:
            BadRequest: the cursor is not one of ours.
        """
        return page_by_id(
            lambda after, most: self.blocks.of(user, after=after, limit=most),
            lambda blocked: blocked.user_id,
            UserId,
            limit=limit,
            cursor=cursor,
        )

    def _make_known(self, user: UserId, other: UserId) -> None:
        """Also where nothing was changed: what was interrupted the last time is completed by asking again."""
        stale = self.conversations.stale_between(user, other)
        if stale is not None:
            self.admission.replace(stale.conversation_id)
            self.conversations.note_replaced(stale)
