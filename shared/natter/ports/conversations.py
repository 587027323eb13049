"""Ports to conversations as PostgreSQL decides them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from natter.domain.conversations.members import Role
from natter.domain.conversations.records import ConversationRecord, MemberRecord, MemberSettings, NewConversation
from natter.domain.conversations.roster import Roster, StaleRoster, Standing
from natter.domain.ids import ConversationId, UserId
from natter.domain.messages.commands import (
    Change,
    Command,
)


class Conversations(Protocol):
    """
    Conversations and who belongs to them: decides changes, with what has to be told to the log.

    To who asks, a user across a block, either way, is no user, and neither is one who is contactable for contacts only
    and does not keep them as one: nobody is brought together with either.
    All methods raise `Unavailable` when the database does not answer in time.
    """

    def create(self, new: NewConversation) -> tuple[ConversationRecord, bool]:
        """
        Create it together with its outbox row, or find the one that is there already; True if it is new.

        A direct conversation exists once per pair, whoever asks first (also when both do at once). A group with
        an id that its creator has used before is that group.

        Raises:
            NotFound: one of the members is not a user. Of a conversation that is there, only if it is a direct one
                across a block.
            Conflict: the id belongs to somebody else's conversation, or to one of another kind; or one of the members
                is in as many conversations as anybody may be.
        """

    def is_there(self, new: NewConversation) -> bool:
        """Whether `create` would find one that is there, or one that has its id."""

    def publish(self, conversation: ConversationId, append: Callable[[Command], object]) -> None:
        """
        Hand the conversation's outbox rows that are not in the log yet to `append`, in the order of their
        versions and alone (under the conversation's lock), and mark them. The row's id is its client id in the
        log, so it happens once, however often it is appended.

        What `append` raises is passed on; the row, and those behind it, stay.
        """

    def unpublished(self, *, before: int, limit: int) -> Sequence[ConversationId]:
        """At most `limit` conversations with outbox rows from before `before` (ms), the longest waiting first."""

    def change(
        self, conversation: ConversationId, by: UserId, decide: Callable[[Standing], Change | None], *, at: int
    ) -> None:
        """
        Do what `decide` makes of the conversation as it stands, together with the outbox row of its next version.

        Alone: changes of one conversation wait for each other, so what `decide` is shown stays so until it is done.
        None changes nothing, and what `decide` raises is passed on. It may be asked more than once.

        `by` asks for it, and is the sender of its event; `at` is when, in milliseconds.

        Raises: and nothing was changed.
            NotFound: who is to be added is not a user.
            Conflict: one of them is in as many conversations as anybody may be.
        """

    def change_settings(
        self, user: UserId, conversation: ConversationId, change: Callable[[MemberSettings], MemberSettings]
    ) -> MemberSettings | None:
        """What `change` made of a member's own settings; None if they do not belong to it, or there is none."""

    def stale_between(self, user: UserId, other: UserId) -> StaleRoster | None:
        """
        The direct conversation of the two, if a change of the blocks between them has left its roster to be replaced.

        The roster has a later version from the change on: what was read of it before is known to be older.
        """

    def stale(self, *, before: int, limit: int) -> Sequence[StaleRoster]:
        """At most `limit` rosters that are to be replaced since before `before` (ms), the longest waiting first."""

    def note_replaced(self, stale: StaleRoster) -> None:
        """Nobody remembers an older one any more. One that has become stale again meanwhile stays so."""

    def roles(self, conversation: ConversationId) -> Roster:
        """Who belongs to it, with the version at which that was so; empty for one that does not exist."""

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        """`roles` of several; those that do not exist are missing."""

    def members(self, conversation: ConversationId, *, after: UserId | None, limit: int) -> Sequence[MemberRecord]:
        """The first `limit` members in the order of their ids, behind `after`."""

    def members_among(self, conversation: ConversationId, users: Collection[UserId]) -> Sequence[MemberRecord]:
        """Those of `users` who belong to it, in the order of their ids."""

    def seen_by(self, user: UserId, conversation: ConversationId) -> ConversationRecord | None:
        """The conversation, or None if the user does not belong to it or there is none."""

    def seen_among(
        self, user: UserId, conversations: Collection[ConversationId]
    ) -> Mapping[ConversationId, ConversationRecord]:
        """`seen_by` of several: those that the user belongs to."""

    def begun_of(self, user: UserId) -> Mapping[ConversationId, int]:
        """When each conversation that the user belongs to was created: there may be thousands."""

    def of_each(self, users: Collection[UserId]) -> Mapping[UserId, Collection[ConversationId]]:
        """Which conversations each of `users` belongs to, thousands maybe; who belongs to none is missing."""

    def of_user(self, user: UserId) -> Sequence[ConversationRecord]:
        """All conversations that the user belongs to, whole: for who really wants all of them."""


class Admission(Protocol):
    """Who may post to and read from a conversation, at once after every change."""

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        """
        The user's role, or None if it does not belong there, or there is no such conversation (P8).

        Raises:
            Unavailable: neither the snapshot nor the database answered in time.
        """

    def roster(self, conversation: ConversationId) -> Roster:
        """
        Everybody who belongs to it; nobody, and no kind, if there is no such conversation.

        Raises:
            Unavailable: neither the snapshot nor the database answered in time.
        """

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        """`roster` of several, in few trips: of each of `conversations`, in their order."""

    def replace(self, conversation: ConversationId) -> None:
        """
        Remember what the database says now. Belongs to every request that changes members, or blocks between the two
        of a direct conversation: when it returns, nobody is admitted by what was before (P8).

        Raises:
            Unavailable: what was remembered before may still admit.
        """
