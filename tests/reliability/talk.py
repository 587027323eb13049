"""Fifty clients talk, edit, delete, react, read, join and leave, and are kept to the protocol by `findings`."""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.support.client import Client
from tests.support.findings import Run, present
from tests.support.ledger import Ledger
from tests.support.socket import Frame, message, text

USERS, GROUPS, GROUP_SIZE = 25, 5, 8
SETTLED_S = 90.0

type Event = dict[str, Any]


@dataclass
class Room:
    """A conversation and who is in it, as its owner has it. The owner stays."""

    conversation: str
    owner: Client
    kind: str
    members: set[str]


@dataclass
class Talk:
    """One run: rooms of its own, for clients that are connected already."""

    clients: Sequence[Client]
    ledger: Ledger
    random: Random
    rooms: list[Room] = field(default_factory=list)

    async def begin(self) -> None:
        """Make the rooms: groups with a changing half, and direct conversations."""
        phones = self.clients[:USERS]
        for number in range(GROUPS):
            owner, *others = self.random.sample(phones, GROUP_SIZE)
            body = {"kind": "group", "title": f"Room {number}", "members": [each.user_id for each in others]}
            await self._open(owner, others, body)
        for _ in range(GROUPS):
            owner, other = self.random.sample(phones, 2)
            await self._open(owner, [other], {"kind": "direct", "members": [other.user_id]})

    async def go_on(self, *, rounds: int) -> None:
        """Every client does `rounds` things, one after the other, all at the same time."""
        await asyncio.gather(*(self._play(client, rounds) for client in self.clients))

    async def settle(self) -> Run:
        """Wait until everything has come to everybody; what can be said of the run then."""
        heads = {room.conversation: await self._marked(room) for room in self.rooms}
        histories = {room.conversation: await room.owner.history(room.conversation) for room in self.rooms}
        members = {room.conversation: await self._members(room) for room in self.rooms}
        await self._ask_again(histories)
        screens = [
            await client.screen(conversation, heads[conversation], within_s=SETTLED_S)
            for conversation, users in members.items()
            for client in self.clients
            if client.user_id in users
        ]
        return Run(ledger=self.ledger, histories=histories, screens=screens, members=members)

    async def _open(self, owner: Client, others: Sequence[Client], body: dict[str, Any]) -> None:
        reply = await owner.call("POST", "/v1/conversations", body)
        assert reply.status in {200, 201}, reply
        conversation = reply.body["conversation_id"]
        if all(room.conversation != conversation for room in self.rooms):
            members = {owner.user_id, *(other.user_id for other in others)}
            self.rooms.append(Room(conversation, owner, body["kind"], members))

    async def _play(self, client: Client, rounds: int) -> None:
        for _ in range(rounds):
            rooms = [room for room in self.rooms if client.user_id in room.members]
            if not rooms:
                return
            room = self.random.choice(rooms)
            choice = self.random.random()
            if choice < 0.55:
                await self._send(client, room)
            elif choice < 0.75:
                await self._amend(client, room)
            elif choice < 0.85:
                await self._read(client, room)
            elif choice < 0.90:
                await client.reconnect()
            elif room.kind == "group":
                await self._change_members(client, room)

    async def _send(self, client: Client, room: Room) -> None:
        messages = [message(f"{client.name}: {secrets.token_hex(4)}") for _ in range(self.random.randint(1, 3))]
        await self._command(client, {"action": "send", "conversation_id": room.conversation, "messages": messages})
        if self.random.random() < 0.1:  # once more, as if the ack had not come
            await client.command({"action": "send", "conversation_id": room.conversation, "messages": messages})

    async def _amend(self, client: Client, room: Room) -> None:
        """Edit, delete or react to something that this device shows; it may have changed a moment ago."""
        copy = client.copies.get(room.conversation)
        messages = [event for event in copy.shown().values() if event["type"] == "message"] if copy else []
        own = [event for event in messages if event["sender_id"] == client.user_id]
        action = self.random.choice(["edit", "delete", "react", "react"])
        targets = messages if action == "react" else own
        if not targets:
            return
        frame: Frame = {
            "action": action,
            "conversation_id": room.conversation,
            "client_id": secrets.token_hex(8),
            "target_seq": self.random.choice(targets)["seq"],
        }
        if action == "edit":
            frame["content"] = text(f"edited: {secrets.token_hex(4)}")
        if action == "react":
            frame["reaction"] = self.random.choice(["+1", "heart"])
        await self._command(client, frame)

    async def _command(self, client: Client, frame: Frame) -> None:
        answer = await client.perform(frame)
        assert answer["type"] == "ack" or answer["code"] in {"not_member", "forbidden", "gone", "not_found"}, answer

    async def _read(self, client: Client, room: Room) -> None:
        copy = client.copies.get(room.conversation)
        if copy is None or copy.position < copy.first_seq:
            return
        seq = copy.position
        answer = await client.command({"action": "read", "conversation_id": room.conversation, "seq": seq})
        if answer["type"] == "ok":
            client.reads[room.conversation] = max(seq, client.reads.get(room.conversation, 0))
        else:
            assert answer["code"] == "not_member", answer

    async def _change_members(self, client: Client, room: Room) -> None:
        """Somebody leaves, or the owner adds or removes one."""
        members = f"/v1/conversations/{room.conversation}/members"
        if client is not room.owner and client.user_id != room.owner.user_id:
            reply = await client.call("DELETE", f"{members}/{client.user_id}")
            assert reply.status in {204, 403}, reply  # 403: removed a moment ago
            room.members.discard(client.user_id)
            return
        other = self.random.choice([each.user_id for each in self.clients if each.user_id != client.user_id])
        if other in room.members:
            reply = await client.call("DELETE", f"{members}/{other}")
            assert reply.status in {204, 404}, reply  # 404: left a moment ago
            room.members.discard(other)
        else:
            (await client.call("POST", members, {"user_ids": [other]})).expect(200)
            room.members.add(other)

    async def _marked(self, room: Room) -> int:
        """The place of a last message: everything acknowledged before it lies before it (P4)."""
        client_id = await room.owner.say(room.conversation, "the end")
        event = await room.owner.outcome(room.conversation, client_id, within_s=SETTLED_S)
        return int(event["seq"])

    async def _ask_again(self, histories: dict[str, list[Event]]) -> None:
        """
        Whose refusal was sent to a connection that had gone asks again, and gets the same (P3).

        Who has been removed cannot ask any more: what they sent was refused for that.
        """
        stored = {
            (conversation, event["sender_id"], event.get("client_id"))
            for conversation, history in histories.items()
            for event in history
        }
        for command in self.ledger.acknowledged:
            if command.conversation not in histories or command.key in stored or command.key in self.ledger.refusals:
                continue
            client = next(each for each in self.clients if each.name == command.lane)
            answer = await client.command(command.frame())
            if answer["type"] == "ack":
                await client.outcome(command.conversation, command.client_id, within_s=SETTLED_S)
            elif command.sender_id not in present(histories[command.conversation]):
                self.ledger.refusals[command.key] = answer

    async def _members(self, room: Room) -> set[str]:
        reply = await room.owner.call("GET", f"/v1/conversations/{room.conversation}/members?limit=200")
        return {member["user_id"] for member in reply.expect(200)["items"]}
