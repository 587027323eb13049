"""Put all that is known of somebody into an archive, for themselves."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from natter.domain.accounts.users import User
from natter.domain.clock import NowMs
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.events import Event
from natter.domain.privacy.requests import OwnData
from natter.ports.accounts import Blocks, Contacts, Devices, NotificationSettings, Sessions, Users
from natter.ports.conversations import Conversations
from natter.ports.privacy import Archives, Exports
from natter.ports.reading import Timeline

PAGE = 200


@dataclass(frozen=True, kw_only=True)
class MakeExport:
    """
    Once for each that was asked for; one that is none any more leaves nothing.

    Raises:
        Unavailable: a store did not answer in time. Whoever asks next gets a new one.
    """

    exports: Exports
    archives: Archives
    users: Users
    notification_settings: NotificationSettings
    devices: Devices
    sessions: Sessions
    contacts: Contacts
    blocks: Blocks
    conversations: Conversations
    timeline: Timeline
    now_ms: NowMs

    def __call__(self, user: UserId, export_id: str) -> bool:
        """False: there is nothing to be made."""
        if not self.exports.begin(user, export_id):
            return False
        try:
            return self._made(user, export_id)
        except BaseException:
            self.exports.drop(user, export_id)
            raise

    def _made(self, user: UserId, export_id: str) -> bool:
        profile = self.users.by_id(user)
        if profile is None or profile.erased:
            return False
        data = OwnData(
            user=profile,
            notifications=self.notification_settings.of([user])[user],
            devices=_paged(
                lambda after: self.devices.of(user, after=after, limit=PAGE), lambda one: one.device.device_id
            ),
            sessions=_paged(
                lambda after: self.sessions.of_user(user, after=after, limit=PAGE, at=self.now_ms()),
                lambda session: session.place,
            ),
            contacts=_paged(lambda after: self.contacts.of(user, after=after, limit=PAGE), _id),
            blocks=_paged(lambda after: self.blocks.of(user, after=after, limit=PAGE), _id),
            conversations=self.conversations.of_user(user),
            said=((each, self._said(user, each)) for each in self.exports.conversations(user)),
        )
        self.archives.store(user, export_id, data)
        if not self.exports.finish(user, export_id, at=self.now_ms()):  # erased meanwhile
            self.archives.erase(user)
            return False
        return True

    def _said(self, user: UserId, conversation: ConversationId) -> Iterator[Event]:
        head = self.timeline.heads([conversation]).get(conversation)
        first = self.timeline.first_place(conversation, user)
        if head is None or first is None:
            return
        for event in self.timeline.events(conversation, first, head.seq, newest_first=False):
            if event.sender_id == user:
                yield event


def _id(user: User) -> UserId:
    return user.user_id


def _paged[Item, Id](page: Callable[[Id | None], Sequence[Item]], id_of: Callable[[Item], Id]) -> Iterator[Item]:
    """All items, page by page, each behind the last one of the page before."""
    after: Id | None = None
    while items := page(after):
        yield from items
        after = id_of(items[-1])
