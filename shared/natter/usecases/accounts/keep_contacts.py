from dataclasses import dataclass

from natter.domain.accounts.users import User
from natter.domain.clock import NowMs
from natter.domain.errors import BadRequest, NotFound
from natter.domain.ids import UserId
from natter.domain.paging import Page, page_by_id
from natter.ports.accounts import Contacts


@dataclass(frozen=True, kw_only=True)
class KeepContacts:
    """One's own list of contacts. Nobody is told."""

    contacts: Contacts
    now_ms: NowMs

    def add(self, user: UserId, contact: UserId) -> None:
        """
        Raises:
            BadRequest: it is oneself.
            NotFound: there is no such user, or across a block: nobody can tell which.
        """
        if user == contact:
            raise BadRequest("user_id: nobody is their own contact")
        if not self.contacts.add(user, contact, at=self.now_ms()):
            raise NotFound("no such user")

    def remove(self, user: UserId, contact: UserId) -> None:
        """Not being one is fine."""
        self.contacts.remove(user, contact)

    def page(self, user: UserId, *, limit: int, cursor: str | None) -> Page[User]:
        """
        Raises:
            BadRequest: the cursor is not one of ours.
        """
        return page_by_id(
            lambda after, most: self.contacts.of(user, after=after, limit=most),
            lambda contact: contact.user_id,
            UserId,
            limit=limit,
            cursor=cursor,
        )
