"""
Bots: commands, mentions and reactions as functions.

    bot = Bot(prefix="!")

    @bot.command("echo", summary="says it again")
    async def echo(context: Context, words: str) -> None:
        await context.reply(words)

    bot.run("https://…", store="bot.db", username="bot", password="…")

Every message is handled at least once, also what came while the bot was away, of each conversation the newest 50
events (`skipped` tells that there were more): what it was doing when it ended, it does
again. `context.reply` has the same client_id then, so the answer comes once; and `context.state`, which is kept in the
store when a handler has ended, is as it was before. A handler that raises is told to `error`, and the bot goes on.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from natter_client.client import Client
from natter_client.conversation import Conversation, Sent
from natter_client.errors import SignedOut
from natter_client.events import ClientEvent, HistorySkipped, Message, MessageReceived, ReactionChanged

__all__ = ["Bot", "Context"]

CONSUMER, STATE = "bot", "bot "
"""Names in the store: who takes events, and the beginning of each conversation's state."""
type CommandHandler = Callable[["Context", str], Awaitable[None]]
type MentionHandler = Callable[["Context"], Awaitable[None]]
type ReactionHandler = Callable[["Context", ReactionChanged], Awaitable[None]]
type SkippedHandler = Callable[["Context", HistorySkipped], Awaitable[None]]
type ErrorHandler = Callable[["Context", Exception], Awaitable[None]]

log = logging.getLogger("natter_client.bots")


@dataclass(frozen=True)
class Context:
    """
    What a handler is about. `state` is the conversation's own dictionary, of what JSON knows; what a handler has
    changed in it is kept in the store once the handler has ended, unless it has raised.
    """

    client: Client
    conversation: Conversation
    message: Message | None
    """None if a reaction is to what the store does not hold, or messages were skipped."""
    place: int
    """In the log, of what is handled: the message, or the reaction itself."""
    state: dict[str, Any]
    answers: list[str]

    async def reply(self, text: str) -> Sent:
        """Answer, once for each message or reaction and turn of the handler, however often it is handled."""
        place = f"{self.conversation.conversation_id} {self.place} {len(self.answers)}"
        self.answers.append(text)
        client_id = f"re-{hashlib.sha256(place.encode()).hexdigest()[:32]}"
        reply_to = None if self.message is None else self.message.seq
        sent = self.conversation.write(text, reply_to=reply_to, client_id=client_id)
        await sent.accepted()
        return sent


@dataclass(frozen=True)
class _Command:
    handler: CommandHandler
    help: str
    cooldown_s: float


class Bot:
    def __init__(self, *, prefix: str = "!") -> None:
        """`prefix` begins a command."""
        self._prefix = prefix
        self._commands: dict[str, _Command] = {"help": _Command(self._help, "this list", 0)}
        self._mention: MentionHandler | None = None
        self._reaction: ReactionHandler | None = None
        self._skipped: SkippedHandler | None = None
        self._error: ErrorHandler | None = None
        self._used: dict[tuple[str, str], float] = {}

    def command(
        self, name: str, *, summary: str = "", cooldown_s: float = 0
    ) -> Callable[[CommandHandler], CommandHandler]:
        """
        Handle `!name words`, with `summary` in the list that `!help` answers. Sooner than `cooldown_s` after the last
        of the same person it is passed over.
        """

        def register(handler: CommandHandler) -> CommandHandler:
            self._commands[name] = _Command(handler, summary, cooldown_s)
            return handler

        return register

    def mention(self, handler: MentionHandler) -> MentionHandler:
        """Handle messages that mention the bot and are no command."""
        self._mention = handler
        return handler

    def reaction(self, handler: ReactionHandler) -> ReactionHandler:
        """Handle reactions of others."""
        self._reaction = handler
        return handler

    def skipped(self, handler: SkippedHandler) -> SkippedHandler:
        """
        Told that more than the newest 50 events of a conversation were missed, before what is held from there on;
        the messages between are handled by nobody. Without one it is logged.
        """
        self._skipped = handler
        return handler

    def error(self, handler: ErrorHandler) -> ErrorHandler:
        """Told of what another handler raised; without one it is logged, by its type alone."""
        self._error = handler
        return handler

    def run(self, url: str, *, store: str | Path, username: str | None = None, password: str | None = None) -> None:
        """Sign in and serve until the session ends or Ctrl-C."""
        asyncio.run(self._run(url, store, username, password))

    async def _run(self, url: str, store: str | Path, username: str | None, password: str | None) -> None:
        async with Client(url, store=store, username=username, password=password, device="bot") as client:
            await self.serve(client)

    async def serve(self, client: Client) -> None:
        """
        Handle what comes, one after the other, until the session ends (`SignedOut`) or this is cancelled. A slow
        handler holds up what is behind it, which waits in the store; the connection goes on.
        """
        async for event in client.events(CONSUMER):
            await self.handle(client, event)

    async def handle(self, client: Client, event: ClientEvent) -> None:
        """One event."""
        match event:
            case MessageReceived(message) if message.sender_id != client.user_id:
                context = self._context(client, message.conversation_id, message.seq, message)
                await self._guarded(context, self._message(context, message))
            case ReactionChanged() if event.user_id != client.user_id and self._reaction is not None:
                held = client.conversation(event.conversation_id).message(event.seq)
                context = self._context(client, event.conversation_id, event.event_seq, held)
                await self._guarded(context, self._reaction(context, event))
            case HistorySkipped(conversation_id, from_seq):
                if self._skipped is None:
                    log.warning("more was missed than is brought at once: some messages are not handled")
                else:
                    context = self._context(client, conversation_id, from_seq, None)
                    await self._guarded(context, self._skipped(context, event))

    def _context(self, client: Client, conversation_id: str, place: int, message: Message | None) -> Context:
        state = client.store.get(STATE + conversation_id) or {}
        return Context(client, client.conversation(conversation_id), message, place, state, [])

    async def _message(self, context: Context, message: Message) -> None:
        if message.text.startswith(self._prefix):
            name, _, words = message.text.removeprefix(self._prefix).partition(" ")
            command = self._commands.get(name)
            if command is not None and self._is_warm(name, command, message.sender_id):
                await command.handler(context, words.strip())
        elif self._mention is not None and context.client.user_id in message.mentions:
            await self._mention(context)

    def _is_warm(self, name: str, command: _Command, user_id: str) -> bool:
        now = time.monotonic()
        if now - self._used.get((name, user_id), -command.cooldown_s) < command.cooldown_s:
            return False
        self._used[name, user_id] = now
        return True

    async def _guarded(self, context: Context, work: Awaitable[None]) -> None:
        try:
            await work
            name = STATE + context.conversation.conversation_id
            if context.state != (context.client.store.get(name) or {}):
                context.client.store.put(name, context.state)
        except SignedOut:
            raise  # it is no failure of the handler's, and what it was about is not done
        except Exception as error:  # noqa: BLE001 - a handler may raise anything; the bot goes on
            if self._error is not None:
                await self._error(context, error)
            else:
                log.error("a handler failed: %s", type(error).__name__)  # noqa: TRY400 - what it says may be private

    async def _help(self, context: Context, _: str) -> None:
        lines = [f"{self._prefix}{name}  {each.help}".rstrip() for name, each in sorted(self._commands.items())]
        await context.reply("\n".join(lines))
