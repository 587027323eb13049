"""What contract suites of conversations share."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Barrier
from typing import Any

from natter.domain.conversations.members import Member
from natter.domain.conversations.records import NewConversation
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.messages.commands import Command
from natter.ports.accounts import Blocks, Contacts, Users
from natter.ports.conversations import Conversations
from tests.identity import NOON, a_user


@dataclass(frozen=True)
class Store:
    users: Users
    blocks: Blocks
    contacts: Contacts
    conversations: Conversations
    elsewhere: Conversations
    """The same, as another execution environment reaches it."""

    def person(self) -> UserId:
        user = a_user()
        self.users.add(user, "hash")
        return user.user_id

    def published(self, conversation: ConversationId) -> list[Command]:
        found: list[Command] = []
        self.conversations.publish(conversation, found.append)
        return found


def a_direct(creator: UserId, other: UserId) -> NewConversation:
    return NewConversation(
        conversation_id=ConversationId(new_id()),
        kind="direct",
        title=None,
        history="joined",
        created_by=creator,
        created_at=NOON,
        members=(Member(user_id=creator, role="member"), Member(user_id=other, role="member")),
    )


def a_group(creator: UserId, *others: UserId, **changes: Any) -> NewConversation:
    made = NewConversation(
        conversation_id=ConversationId(new_id()),
        kind="group",
        title="Grüße 🦊",
        history="joined",
        created_by=creator,
        created_at=NOON,
        members=(Member(user_id=creator, role="owner"), *(Member(user_id=each, role="member") for each in others)),
    )
    return replace(made, **changes)


def at_once[T](*calls: Callable[[], T]) -> list[T]:
    """What the calls return, each made in a thread of its own when all have begun."""
    begin = Barrier(len(calls), timeout=10)

    def run(call: Callable[[], T]) -> T:
        begin.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))
