"""What clients and the outbox ask of the conversations in one run: a seeded list of commands."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from random import Random

from natter.domain.conversations.members import Member, Role
from natter.domain.ids import ClientId, ConversationId, UserId
from natter.domain.messages.commands import (
    AddMembers,
    ChangeConversation,
    ChangeRole,
    Command,
    CreateConversation,
    DeleteMessage,
    EditMessage,
    EraseMember,
    Item,
    PostMessage,
    React,
    RemoveMember,
)
from natter.domain.messages.events import JsonObject
from natter.domain.messages.states import Bounds

USERS = tuple(map(UserId, ("ann", "bob", "cid", "dan")))
CONVERSATIONS = tuple(map(ConversationId, "pqr"))
LENGTH = 48
LATEST_TARGET = 8
REACTIONS = ("+1", "+1", "-1", "!", "?")
POISON = "poison"
"""What begins like this, the store refuses for ever."""
BOUNDS = Bounds(edits=2, reactions=2, named=1, rosters=3)
"""So narrow that a run reaches them."""


@dataclass(kw_only=True)
class Load:
    """
    Commands in the order of their appending.

    The outbox's commands follow PostgreSQL, which knows who belongs where; clients guess: they are refused,
    they retry, with other content too, and reuse each other's client ids.
    """

    random: Random
    week_before: int = field(init=False)
    """Before the command with this index, if there is one, more than a week passes."""
    commands: list[Command] = field(default_factory=list)
    _rosters: dict[ConversationId, set[UserId]] = field(default_factory=lambda: defaultdict(set))
    _files: dict[tuple[ConversationId, UserId], list[str]] = field(default_factory=lambda: defaultdict(list))
    """What everybody has shown."""
    _erased: dict[ConversationId, set[UserId]] = field(default_factory=lambda: defaultdict(set))
    """They never come back, and are never all."""

    def __post_init__(self) -> None:
        self.week_before = self.random.randrange(2 * LENGTH)

    def make(self) -> list[Command]:
        while len(self.commands) < LENGTH:
            conversation = self.random.choice(CONVERSATIONS)
            self.commands.append(self._next(conversation))
        return self.commands

    def _next(self, conversation: ConversationId) -> Command:
        if not self._rosters[conversation] and self.random.random() < 0.5:
            return self._created(conversation)
        before = [
            command
            for index, command in enumerate(self.commands)
            if command.conversation_id == conversation
            and not (command.decided and index < self.week_before <= len(self.commands))  # relay does not take so long
        ]
        choice = self.random.random()
        if before and choice < 0.2:
            return self._again(self.random.choice(before))
        if self._rosters[conversation] and choice < 0.35:
            return self._membership(conversation)
        sender = self._sender(conversation)
        if choice < 0.37:
            items: tuple[Item, ...] = (self._presumption(sender),)
        elif choice < 0.4:
            sender = self._author(conversation) or sender
            items = (self._poison(),)
        elif choice < 0.75:
            sender = self._author(conversation) or sender
            items = (self._amendment(conversation, sender),)
        else:
            items = self._messages(conversation, sender, self.random.randint(1, 3))
        return Command(conversation_id=conversation, sender_id=sender, items=items)

    def _created(self, conversation: ConversationId) -> Command:
        people = self._people(conversation)
        owner, *others = self.random.sample(people, self.random.randint(1, min(3, len(people))))
        members = (Member(user_id=owner, role="owner"), *(self._member(user) for user in others))
        self._rosters[conversation] = {owner, *others}
        return self._decided(
            conversation,
            owner,
            CreateConversation(
                client_id=self._row_id(),
                kind="group",
                members=members,
                history=self.random.choice(["joined", "all"]),
            ),
        )

    def _membership(self, conversation: ConversationId) -> Command:
        roster = self._rosters[conversation]
        people = self._people(conversation)
        user = self.random.choice(people)
        if len(people) > 1 and self.random.random() < 0.15:
            roster.discard(user)
            self._erased[conversation].add(user)
            return self._decided(conversation, user, EraseMember(client_id=self._row_id(), user_id=user))
        if self.random.random() < 0.1:
            renamed = ChangeConversation(client_id=self._row_id(), changes={"title": None})
            return self._decided(conversation, user, renamed)
        if user in roster and self.random.random() < 0.3:
            role = self._member(user).role
            return self._decided(conversation, user, ChangeRole(client_id=self._row_id(), user_id=user, role=role))
        if user in roster:
            roster.remove(user)
            return self._decided(conversation, user, RemoveMember(client_id=self._row_id(), user_id=user))
        roster.add(user)
        return self._decided(conversation, user, AddMembers(client_id=self._row_id(), members=(self._member(user),)))

    def _presumption(self, sender: UserId) -> Item:
        """What only the outbox may say."""
        client_id = self._client_id()
        presumptions: list[Item] = [
            RemoveMember(client_id=client_id, user_id=sender),
            ChangeRole(client_id=client_id, user_id=sender, role="owner"),
            ChangeConversation(client_id=client_id, changes={"title": "taken over"}),
            EraseMember(client_id=client_id, user_id=sender),
        ]
        return self.random.choice(presumptions)

    def _poison(self) -> Item:
        """What nobody can store, if it is accepted."""
        client_id, content = self._client_id(), {"type": "text", "text": f"{POISON} {len(self.commands)}."}
        if self.random.random() < 0.5:
            return PostMessage(client_id=client_id, content=content)
        return EditMessage(client_id=client_id, target_seq=self.random.randint(1, LATEST_TARGET), content=content)

    def _people(self, conversation: ConversationId) -> list[UserId]:
        """Who can be a member."""
        return [user for user in USERS if user not in self._erased[conversation]]

    def _sender(self, conversation: ConversationId) -> UserId:
        """Mostly a member; else anybody."""
        roster = sorted(self._rosters[conversation])
        return self.random.choice(roster if roster and self.random.random() < 0.7 else USERS)

    def _author(self, conversation: ConversationId) -> UserId | None:
        """Somebody who has said something there, if anybody has."""
        authors = [
            command.sender_id
            for command in self.commands
            if command.conversation_id == conversation and isinstance(command.items[0], PostMessage)
        ]
        return self.random.choice(authors) if authors else None

    def _amendment(self, conversation: ConversationId, sender: UserId) -> Item:
        client_id, target = self._client_id(), self.random.randint(1, LATEST_TARGET)
        kind = self.random.random()
        if kind < 0.5:
            content = self._content(conversation, sender, f"edit {len(self.commands)}.")
            return EditMessage(client_id=client_id, target_seq=target, content=content)
        if kind < 0.7:
            reaction = self.random.choice(REACTIONS)
            return React(client_id=client_id, target_seq=target, reaction=reaction, remove=self.random.random() < 0.3)
        return DeleteMessage(client_id=client_id, target_seq=target)

    def _again(self, command: Command) -> Command:
        """A retry; sometimes with more in the same frame, or with other content."""
        if command.decided or not isinstance(command.items[0], PostMessage):
            return command
        first = replace(command.items[0], content={"type": "text", "text": f"other words {len(self.commands)}."})
        messages = self._messages(command.conversation_id, command.sender_id, 2)
        more = [item for item in messages if item.client_id != first.client_id]
        return self.random.choice([command, command, replace(command, items=(first, *more))])

    def _messages(self, conversation: ConversationId, sender: UserId, count: int) -> tuple[Item, ...]:
        client_ids = dict.fromkeys(self._client_id() for _ in range(count))
        return tuple(
            PostMessage(
                client_id=client_id,
                content=self._content(conversation, sender, f"message {len(self.commands)}.{index}."),
                reply_to=self.random.randint(1, LATEST_TARGET) if self.random.random() < 0.2 else None,
            )
            for index, client_id in enumerate(client_ids)
        )

    def _content(self, conversation: ConversationId, sender: UserId, words: str) -> JsonObject:
        """Mostly with a file; now and then one that was shown before."""
        if self.random.random() < 0.3:
            return {"type": "text", "text": words}
        files = self._files[conversation, sender]
        if not files or self.random.random() < 0.7:
            files.append(f"file-{len(self.commands)}-{len(files)}-{sender}")
            return {"type": "attachment", "attachment_id": files[-1], "text": words}
        return {"type": "attachment", "attachment_id": self.random.choice(files), "text": words}

    def _member(self, user: UserId) -> Member:
        role: Role = self.random.choice(["admin", "member", "member"])
        return Member(user_id=user, role=role)

    def _decided(self, conversation: ConversationId, sender: UserId, item: Item) -> Command:
        return Command(conversation_id=conversation, sender_id=sender, items=(item,), decided=True)

    def _client_id(self) -> ClientId:
        return ClientId(str(self.random.randint(0, 40)))

    def _row_id(self) -> ClientId:
        return ClientId(f"row-{len(self.commands)}")
