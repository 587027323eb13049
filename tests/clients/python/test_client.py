"""The client against the fake cloud: what its users are promised."""

import asyncio
import contextlib
import inspect
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from natter_client import (
    BadCredentials,
    BadRequest,
    Client,
    ConversationLeft,
    Forbidden,
    Gone,
    Internal,
    LogEvent,
    MessageChanged,
    MessageReceived,
    NatterError,
    RateLimited,
    ReactionChanged,
    Sent,
    SignedOut,
    StateChanged,
    TypingChanged,
    Unavailable,
    Unreachable,
)
from natter_client import client as client_module
from natter_client.api import Http
from natter_client.events import ClientEvent
from natter_client.store import Store
from natter_client.testing import FakeServer, ProtocolViolationError
from natter_client.testing.http_server import HttpAnswer, HttpRequest, serve
from natter_client.testing.server import PASSWORD
from tests.clients.python.ceiling import all_bounded, until

DAY_MS = 24 * 3_600_000


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer(latency_s=0.001) as server:
        for name in ("ann", "ben", "cem"):
            server.user(name)
        yield server


def client_of(server: FakeServer, name: str, folder: Path) -> Client:
    return Client(server.http_url, store=folder / f"{name}.db", username=name, password=PASSWORD)


def user_id(server: FakeServer, name: str) -> str:
    return server.world.names[name]


def _url(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def first[Kind](events: AsyncIterator[ClientEvent], kind: type[Kind]) -> Kind:
    async for event in events:
        if isinstance(event, kind):
            return event
    raise AssertionError("the events ended")


async def offline(server: FakeServer, client: Client) -> None:
    """Cut it off, and see that it knows."""
    waiting = asyncio.create_task(until_state(client, "waiting"))
    await asyncio.sleep(0)
    server.unreachable = True
    server.cut()
    await waiting


async def until_state(client: Client, state: str) -> None:
    async for event in client.events():
        if isinstance(event, StateChanged) and event.state == state:
            return


@all_bounded
class TestSending:
    async def test_it_is_accepted_placed_delivered_and_read(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann, client_of(server, "ben", tmp_path) as ben:
            await ben.synced()
            chat = await ann.direct("ben")
            sent = await chat.send("Hello, Ben")
            assert await sent.placed() == 2
            await sent.delivered()
            ben.conversation(chat.conversation_id).mark_read()
            await sent.read(by=ben.user_id)
            assert sent.state == "placed"
            assert [message.text for message in chat.messages()] == ["Hello, Ben"]

    async def test_what_is_written_offline_is_sent_once_in_order(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            await ann.synced()
            await offline(server, ann)
            texts = [f"number {number}" for number in range(45)]
            written = [chat.write(text) for text in texts]
            assert {sent.state for sent in written} == {"queued"}
            server.unreachable = False
            for sent in written:
                await sent.placed()
            assert server.texts(chat.conversation_id) == texts
            assert len(ann._watchers) < len(texts), "what is over is watched no more"

    async def test_what_was_written_goes_on_after_the_end(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            await ann.synced()
            await offline(server, ann)
            client_id = chat.write("later").client_id
        server.unreachable = False
        async with Client(server.http_url, store=tmp_path / "ann.db") as again:
            (sent,) = again.conversation(chat.conversation_id).unsent()
            assert (sent["client_id"], sent["state"]) == (client_id, "queued")
            assert await again.conversation(chat.conversation_id).write("later", client_id=client_id).placed() == 2
            assert server.texts(chat.conversation_id) == ["later"]

    @pytest.mark.parametrize("code", ["unavailable", "internal", "rate_limited"])
    @pytest.mark.parametrize("carried_out", [True, False])
    async def test_what_a_retry_helps_is_repeated(
        self, server: FakeServer, tmp_path: Path, code: str, *, carried_out: bool
    ) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            server.refuse("send", code, carried_out=carried_out, retry_after_s=0.05)
            await (await chat.send("once")).placed()
            assert server.texts(chat.conversation_id) == ["once"]

    async def test_a_refusal_is_an_error_with_what_to_do(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            server.refuse("send", "forbidden")
            with pytest.raises(Forbidden, match=r"forbidden: scripted .*blocked") as refused:
                await chat.send("across a block")
            assert not refused.value.retryable
            assert await (await chat.send("the next is not kept waiting")).placed() == 2
            (kept,) = chat.unsent()
            assert (kept["state"], kept["error"]["code"]) == ("refused", "forbidden")

    async def test_a_refusal_may_come_after_the_ack(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            seq = await (await chat.send("going")).placed()
            assert seq is not None
            await chat.delete(seq).placed()
            changed = chat.edit(seq, "gone?")
            with pytest.raises(Gone):
                await changed.placed()
            server.violations.clear()

    async def test_cancelled_waiting_takes_nothing_back(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            server.refuse("send", "unavailable", retry_after_s=0.3)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await chat.send("still on its way")
            await until(lambda: server.texts(chat.conversation_id) == ["still on its way"])

    async def test_what_is_queued_can_be_taken_back(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            await ann.synced()
            await offline(server, ann)
            sent = chat.write("rash", client_id="rash")
            again = chat.write("rash", client_id="rash")
            assert sent.cancel()
            assert (sent.state, await sent.placed()) == ("cancelled", None)
            assert (again.state, again.cancel()) == ("cancelled", False)
            with pytest.raises(ValueError, match="cancelled"):
                await sent.delivered()
            assert chat.write("rash", client_id="rash").state == "queued"

    async def test_only_what_was_refused_is_written_again(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann, client_of(server, "ann", tmp_path) as follower:
            chat = await ann.direct("ben")
            server.refuse("send", "forbidden")
            refused = chat.write("at first")
            with pytest.raises(Forbidden):
                await refused.placed()
            with pytest.raises(RuntimeError, match="leads"):
                Sent(follower, chat.conversation_id, refused.client_id).retry()
            again = refused.retry()
            assert (await again.placed(), refused.state) == (2, "cancelled")
            with pytest.raises(ValueError, match="it is placed"):
                again.retry()

    @pytest.mark.parametrize(("was_shown", "days"), [(True, 0), (False, 0), (False, 8)])
    async def test_its_place_is_known_when_its_event_is_not_held(
        self, server: FakeServer, tmp_path: Path, days: int, *, was_shown: bool
    ) -> None:
        """So much was missed at once that what was held is dropped. After seven days no retry tells, but the log."""
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.group("Lobby", user_id(server, "ben"), user_id(server, "cem"))
            await until(chat.events)
            if not was_shown:
                server.lose_live(ann.user_id)
            sent = await chat.send("long ago")
            if was_shown:
                await sent.placed()
            else:
                entry = ann.store.entry(sent.client_id)
                assert entry is not None
                then = entry["acked_at"] - days * DAY_MS
                ann.store.save(entry | {"first_sent_at": then, "acked_at": then})
        cem = server.world.users[user_id(server, "cem")]
        server.say(cem, chat.conversation_id, *(f"number {number}" for number in range(60)))
        async with client_of(server, "ann", tmp_path) as ann:
            chat = ann.conversation(chat.conversation_id)
            again = chat.write("long ago", client_id=sent.client_id)
            await ann.synced()
            if not days:  # then nobody need ask the log
                server.refuse(f"GET /v1/conversations/{chat.conversation_id}/events", "internal", times=100)
            assert await again.placed() == 2
            assert (chat.message(2), server.texts(chat.conversation_id).count("long ago")) == (None, 1)
            reading = asyncio.create_task(again.read(by=user_id(server, "ben")))
            await chat.refresh_cursors()
            await asyncio.sleep(0.05)
            assert not reading.done()
            async with client_of(server, "ben", tmp_path) as ben:
                await ben.synced()
                ben.conversation(chat.conversation_id).mark_read(2)
                await reading

    async def test_what_is_not_in_the_log_has_no_place(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            stranger = Sent(ann, chat.conversation_id, "of nobody")
            assert await stranger.placed() is None
            with pytest.raises(ValueError, match="nobody knows"):
                await stranger.read()

    async def test_what_cannot_be_sent_is_not_kept(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            for words in ("caf\udce9", {"type": "text", "text": float("nan")}, {"type": "text", "text": b"bytes"}):
                with pytest.raises(ValueError, match="cannot be sent"):
                    chat.write(words)
            assert chat.unsent() == []

    async def test_what_is_not_on_disk_is_an_error_and_the_end(
        self, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Not sent all the same: who writes it again would say it twice."""
        name = ""

        async def wait() -> None:
            nonlocal name
            async with client_of(server, "ann", tmp_path) as ann:
                chat = await ann.direct("ben")
                name = chat.conversation_id
                await ann.synced()

                def full(_: object) -> None:
                    raise sqlite3.OperationalError("database or disk is full")

                monkeypatch.setattr(ann.store, "save", full)
                with pytest.raises(sqlite3.OperationalError):
                    chat.write("lost")
                monkeypatch.undo()
                await asyncio.Event().wait()

        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            await wait()
        assert server.texts(name) == []


@all_bounded
class TestEvents:
    async def test_each_comes_once_and_in_order(self, server: FakeServer, tmp_path: Path) -> None:
        """Live, in a gap that has to be fetched, and in a sync."""
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            chat = await ann.direct("ben")
            ben = server.world.users[user_id(server, "ben")]
            events = ann.events()
            seen: list[int] = []

            async def read() -> None:
                async for event in events:
                    if isinstance(event, MessageReceived):
                        seen.append(event.message.seq)
                        if len(seen) == 30:
                            return

            reading = asyncio.create_task(read())
            await asyncio.sleep(0)
            for number in range(10):
                server.say(ben, chat.conversation_id, f"live {number}")
            server.lose_live(ann.user_id, frames=5)
            for number in range(10):
                server.say(ben, chat.conversation_id, f"gap {number}")
            server.cut()
            server.say(ben, chat.conversation_id, *(f"away {number}" for number in range(10)))
            await reading
            assert seen == list(range(2, 32))

    async def test_edits_reactions_and_deletions(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann, client_of(server, "ben", tmp_path) as ben:
            await asyncio.gather(ann.synced(), ben.synced())
            chat = await ann.direct("ben")
            events = ben.events("reader")
            waiting = asyncio.create_task(first(events, MessageReceived))
            await asyncio.sleep(0)
            seq = await (await chat.send("helo")).placed()
            assert seq is not None
            assert (await waiting).message.text == "helo"
            chat.react(seq, "👍")
            reaction = await first(ben.events("reader"), ReactionChanged)
            assert (reaction.seq, reaction.user_id, reaction.reaction) == (seq, ann.user_id, "👍")
            chat.edit(seq, "hello")
            message = (await first(ben.events("reader"), MessageChanged)).message
            while message.text != "hello":
                message = (await first(ben.events("reader"), MessageChanged)).message
            assert [(each.reaction, each.count, each.mine) for each in message.reactions] == [("👍", 1, False)]
            await chat.delete(seq).placed()
            while (held := ben.conversation(chat.conversation_id).message(seq)) is None or held.deleted_at is None:
                await first(ben.events("reader"), MessageChanged)
            assert (held.text, held.content) == ("", {})

    async def test_a_consumer_goes_on_where_it_was(self, server: FakeServer, tmp_path: Path) -> None:
        """At least once: what it was doing when it ended comes again, and nothing is left out."""
        ben = server.world.users[user_id(server, "ben")]
        taken: list[str] = []

        async def take(client: Client, count: int) -> None:
            async for event in client.events("bot"):
                if isinstance(event, MessageReceived):
                    taken.append(event.message.text)
                    if (count := count - 1) == 0:
                        return  # in the middle of this one

        async with client_of(server, "ann", tmp_path) as ann:
            chat = (await ann.direct("ben")).conversation_id
            await ann.synced()
            reading = asyncio.create_task(take(ann, 2))
            await asyncio.sleep(0)
            server.say(ben, chat, "one", "two", "three")
            await reading
        server.say(ben, chat, "four")
        async with client_of(server, "ann", tmp_path) as ann:
            await take(ann, 3)
        assert taken == ["one", "two", "two", "three", "four"]

    async def test_history_before_the_first_sync_is_no_news(self, server: FakeServer, tmp_path: Path) -> None:
        ben = server.world.users[user_id(server, "ben")]
        chat = server.world.begin(ben.user_id, [user_id(server, "ann")])[0].conversation_id
        server.say(ben, chat, "long ago")
        async with client_of(server, "ann", tmp_path) as ann:
            waiting = asyncio.create_task(first(ann.events("bot"), MessageReceived))
            await ann.synced()
            server.say(ben, chat, "now")
            assert (await waiting).message.text == "now"
            assert [message.text for message in ann.conversation(chat).messages()] == ["long ago", "now"]
            assert ann.conversation(chat).unread == 2

    async def test_what_comes_live_before_the_first_sync_is_over_is_news(
        self, server: FakeServer, tmp_path: Path
    ) -> None:
        ben = server.world.users[user_id(server, "ben")]
        conversation = server.world.begin(ben.user_id, [user_id(server, "ann")])[0]
        chat = conversation.conversation_id
        server.say(ben, chat, "long ago")
        server.swallow("POST /v1/sync", carried_out=False)
        async with client_of(server, "ann", tmp_path) as ann:
            waiting = asyncio.create_task(first(ann.events("bot"), MessageReceived))
            await until(lambda: server.world.connections[ann.user_id])
            server.say(ben, chat, "while it asks")
            assert (await waiting).message.text == "while it asks"
            await ann.synced()
            changing = asyncio.create_task(first(ann.events(), MessageChanged))
            await asyncio.sleep(0)
            fields = {"client_id": "e", "target_seq": 2, "content": {"type": "text", "text": "edited"}}
            event, _ = conversation.decide("edit", ben.user_id, server.world.now_ms(), fields)
            server.world.publish(conversation, event)
            assert (await changing).message.text == "edited"

    async def test_members_typing_and_leaving(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann, client_of(server, "ben", tmp_path) as ben:
            await asyncio.gather(ann.synced(), ben.synced())
            group = await ann.group("Lobby", user_id(server, "ben"))
            name = group.conversation_id
            waiting = asyncio.create_task(first(ben.events(), TypingChanged))
            await until(lambda: ben.conversation(name).events())
            group.keystroke()
            assert (await waiting).user_ids == (ann.user_id,)
            joining = asyncio.create_task(first(ben.events(), LogEvent))
            leaving = asyncio.create_task(first(ben.events(), ConversationLeft))
            await asyncio.sleep(0)
            await ann.request("POST", f"/v1/conversations/{name}/members", {"user_ids": [user_id(server, "cem")]})
            assert (await joining).type == "member_added"
            await ann.request("DELETE", f"/v1/conversations/{name}/members/{ben.user_id}")
            assert (await leaving).conversation_id == name
            assert ben.conversation(name).events() == []

    async def test_more_than_a_sync_holds_can_be_paged(self, server: FakeServer, tmp_path: Path) -> None:
        ben = server.world.users[user_id(server, "ben")]
        chat = server.world.begin(ben.user_id, [user_id(server, "ann")])[0].conversation_id
        server.say(ben, chat, *(f"number {number}" for number in range(2, 301)))
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            held = ann.conversation(chat)
            assert [message.seq for message in held.messages(limit=400)] == list(range(251, 301))
            held.load_older()
            await until(lambda: len(held.messages(limit=400)) == 100)
            assert [message.seq for message in held.messages(before=210, limit=5)] == list(range(205, 210))


@all_bounded
class TestSession:
    async def test_wrong_password(self, server: FakeServer, tmp_path: Path) -> None:
        client = Client(server.http_url, store=tmp_path / "x.db", username="ann", password="wrong but long")
        with pytest.raises(BadCredentials, match="ask for name and password again"):
            await client.__aenter__()

    async def test_without_network_there_is_no_first_time(self, server: FakeServer, tmp_path: Path) -> None:
        server.unreachable = True
        with pytest.raises(Unreachable):
            await client_of(server, "ann", tmp_path).__aenter__()

    async def test_a_store_is_one_users(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path):
            pass
        other = Client(server.http_url, store=tmp_path / "ann.db", username="ben", password=PASSWORD)
        with pytest.raises(ValueError, match="belongs to ann"):
            await other.__aenter__()

    async def test_a_store_is_of_one_deployment(self, server: FakeServer, tmp_path: Path) -> None:
        """Tokens go nowhere else, and nobody else's refusal ends the session."""
        async with client_of(server, "ann", tmp_path):
            pass
        asked: list[str] = []

        async def other(request: HttpRequest) -> HttpAnswer:
            asked.append(request.path)
            return HttpAnswer(401, None)

        async with await serve(other) as elsewhere:
            url = _url(elsewhere)
            with pytest.raises(ValueError, match=f"belongs to {server.http_url}"):
                await Client(url, store=tmp_path / "ann.db").__aenter__()
        assert asked == []
        async with Client(f"{server.http_url}/", store=tmp_path / "ann.db") as ann:
            await ann.synced()

    async def test_leaving_while_the_session_is_refreshed_keeps_it(
        self, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        call, spent, go = Http.call, asyncio.Event(), asyncio.Event()

        async def slow(http: Http, method: str, path: str, *args: Any, **more: Any) -> Any:
            answer = await call(http, method, path, *args, **more)
            if path == "/v1/sessions/refresh":
                spent.set()
                await go.wait()
            return answer

        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            before = ann.store.get("tokens")
            monkeypatch.setattr(Http, "call", slow)
            server.world.access.clear()
            waiting = asyncio.create_task(ann.request("GET", "/v1/users/me"))
            await spent.wait()
            asyncio.get_running_loop().call_later(0.05, go.set)
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
        store = Store(tmp_path / "ann.db")
        assert store.get("tokens")["refresh_token"] != before["refresh_token"]
        store.close()
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()

    async def test_what_is_no_frame_and_no_answer_ends_nothing(self, server: FakeServer, tmp_path: Path) -> None:
        answer, portals = server._answer, ["/v1/tickets", "/v1/sync"]

        async def portal(request: HttpRequest) -> HttpAnswer | None:
            if request.path in portals:
                portals.remove(request.path)
                return HttpAnswer(200, None)
            return await answer(request)

        store = tmp_path / "ann.db"
        async with (
            await serve(portal) as on_the_way,
            Client(_url(on_the_way), store=store, username="ann", password=PASSWORD) as ann,
        ):
            await ann.synced()
            (connection,) = server._connections
            for text in ("no JSON", "[1]", '{"type":"events","conversation_id":"c"}', '{"type":[]}', "[" * 10_000):
                await connection.socket.send(text)
            chat = await ann.direct("ben")
            assert await (await chat.send("still here")).placed() == 2

    async def test_time_in_which_it_slept_counts(
        self, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What runs on evenly stands still meanwhile, and what is too old to be sent again has to be known."""
        monkeypatch.setattr(client_module, "LOOK_S", 0.01)
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            wall_ms, monotonic = ann._began
            ann._began = wall_ms - 3_600_000, monotonic
            await until(lambda: ann._ahead_s() < 1)

    @pytest.mark.parametrize(("status", "kind", "after_s"), [(429, Unavailable, 1), (500, Internal, None)])
    async def test_what_api_gateway_says_itself(
        self, status: int, kind: type[NatterError], after_s: float | None
    ) -> None:
        async def gateway(_: HttpRequest) -> HttpAnswer:
            return HttpAnswer(status, {"message": "Too Many Requests"})

        async with await serve(gateway) as on_the_way, Http(_url(on_the_way)) as http:
            with pytest.raises(kind) as refused:
                await http.call("GET", "/v1/users/me")
        assert (refused.value.retryable, refused.value.retry_after_s) == (True, after_s)

    async def test_a_link_is_asked_for_as_json(self) -> None:
        """Without `Accept` the answer for an attachment or an export is a redirect."""

        async def answer(request: HttpRequest) -> HttpAnswer:
            return HttpAnswer(200, {"accept": request.headers["accept"]})

        async with await serve(answer) as elsewhere, Http(_url(elsewhere)) as http:
            assert await http.call("GET", "/v1/attachments/a") == {"accept": "application/json"}

    async def test_an_access_token_that_has_ended_is_refreshed(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            before = ann.store.get("tokens")
            server.world.access.clear()
            server.refuse("POST /v1/sessions/refresh", "unavailable", retry_after_s=0.01)
            with contextlib.suppress(Exception):
                await ann.request("GET", "/v1/users/me")
            answers = await asyncio.gather(*(ann.request("GET", "/v1/users/me") for _ in range(3)))
            assert {answer["username"] for answer in answers} == {"ann"}
            assert ann.store.get("tokens")["refresh_token"] != before["refresh_token"]

    async def test_signed_out_elsewhere_ends_all_and_keeps_what_is_unsent(
        self, server: FakeServer, tmp_path: Path
    ) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            chat = await ann.direct("ben")
            await ann.synced()
            server.swallow("send", times=3, carried_out=False)
            sent = chat.write("unsent")
            waiting = asyncio.create_task(sent.accepted())
            reading = asyncio.create_task(until_state(ann, "never"))
            await asyncio.sleep(0.01)
            server.world.end(server.world.sessions[ann.store.get("account")["session_id"]])
            for task in (waiting, reading):
                with pytest.raises(SignedOut):
                    await task
            with pytest.raises(SignedOut):
                await ann.request("GET", "/v1/users/me")
        async with client_of(server, "ann", tmp_path) as ann:
            for _ in range(3):
                server._twists.clear()
            await ann.conversation(chat.conversation_id).write("", client_id=sent.client_id).placed()
            assert server.texts(chat.conversation_id) == ["unsent"]

    async def test_sign_out(self, server: FakeServer, tmp_path: Path) -> None:
        async with client_of(server, "ann", tmp_path) as ann:
            await ann.synced()
            assert await ann.sign_out() == 0
            assert ann.store.get("tokens") is None

    async def test_two_processes_of_one_store(self, server: FakeServer, tmp_path: Path) -> None:
        """One has the socket; the other writes through it, sees what comes, and takes over."""
        leader = await client_of(server, "ann", tmp_path).__aenter__()
        async with client_of(server, "ann", tmp_path) as follower:
            await follower.synced()
            assert (leader.is_leading, follower.is_leading) == (True, False)
            chat = await follower.direct("ben")
            assert await (await chat.send("by the other")).placed() == 2
            assert len(server.world.connections[leader.user_id]) == 1
            await leader.__aexit__(None, None, None)
            await until(lambda: follower.is_leading)
            assert await (await chat.send("alone")).placed() == 3


@all_bounded
class TestEnd:
    async def test_no_task_outlives_the_context(self, server: FakeServer, tmp_path: Path) -> None:
        before = asyncio.all_tasks()
        for when in range(6):
            with contextlib.suppress(KeyError):
                async with client_of(server, "ann", tmp_path) as ann:
                    if when:
                        await ann.direct("ben")
                    if when > 2:
                        await ann.synced()
                    if when % 2:
                        raise KeyError
            left = [task.get_coro() for task in asyncio.all_tasks() - before]
            files = {coro.cr_code.co_filename for coro in left if inspect.iscoroutine(coro)}
            assert {file for file in files if "natter_client" in file and "testing" not in file} == set()

    async def test_an_error_inside_comes_out_as_it_is(self, server: FakeServer, tmp_path: Path) -> None:
        with pytest.raises(KeyError):
            async with client_of(server, "ann", tmp_path):
                raise KeyError

    async def test_a_store_that_breaks_ends_the_client(self, server: FakeServer, tmp_path: Path) -> None:
        async def wait() -> None:
            async with client_of(server, "ann", tmp_path) as ann:
                await ann.synced()
                ann.store.close()
                await asyncio.Event().wait()

        with pytest.raises(Exception, match="closed database"):
            await wait()


@all_bounded
class TestFakeServer:
    async def test_a_request_before_its_time_is_a_violation(self, tmp_path: Path) -> None:
        async with FakeServer(strict=False) as server:
            server.user("ann")
            async with client_of(server, "ann", tmp_path) as ann:
                await ann.synced()
                server.refuse("POST /v1/sync", "rate_limited", retry_after_s=60)
                with pytest.raises(RateLimited):
                    await ann.request("POST", "/v1/sync", {"positions": {}})
                assert server.violations == []
                await ann.request("POST", "/v1/sync", {"positions": {}})
            assert server.violations == ["POST /v1/sync: repeated earlier than `retry_after_ms` asked for"]

    async def test_a_client_that_breaks_the_rules_is_told(self) -> None:
        server = FakeServer()
        with pytest.raises(ProtocolViolationError, match="username: must be"):  # noqa: PT012 - that it ends, raises
            async with server, Http(server.http_url) as http:
                with pytest.raises(BadRequest):
                    await http.call("POST", "/v1/sessions", {"username": ""})
