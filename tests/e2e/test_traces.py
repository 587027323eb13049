"""One id and one trace, from a frame to the post and the push; and nothing depends on where traces go."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from local.background import Instance
from local.cli import main
from local.cloud import Cloud
from local.faults import Service
from natter.names import COMMANDS_TOPIC, EVENTS_TOPIC
from natter.telemetry.tracing import trace_id_of
from tests.support.api import Api, User
from tests.support.browsers import Browsers, browsers
from tests.support.socket import Socket
from tests.support.traces import Trace, about, beginning, first, found, legs

TRIES = 20
"""Of messages until one is sampled: an environment has an allowance, and lets an exporter be that was away."""
LIVE = {
    *(("send", "send"), ("send", "append")),
    *(("persist", COMMANDS_TOPIC), ("persist", "persist"), ("persist", "fold"), ("persist", "post")),
}
WAKING = {
    *(("push", EVENTS_TOPIC), ("push", "push")),
    *(("wake", "natter-local-waves"), ("wake", "wake"), ("wake", "push")),
}


@pytest.fixture
async def here(outputs: Mapping[str, str]) -> AsyncIterator[Browsers]:
    async with browsers(outputs) as found:
        yield found


async def traced(cloud: Cloud, screen: Socket, chat: str, *, wanted: set[tuple[str, str]]) -> Trace:
    """The trace of a message that is sampled, once it has all that is wanted."""
    for _ in range(TRIES):
        await screen.say(chat, "Where does it go?")
        begun = await found(cloud, chat, lambda trace: legs(trace) >= LIVE, within_s=3)
        if begun is not None:
            whole = await found(cloud, begun["id"], lambda trace: legs(trace) >= wanted, within_s=60)
            assert whole is not None, f"of {wanted} there is only {legs(begun)}"
            return whole
    raise AssertionError(f"no trace of {chat} has all of {LIVE}: {[legs(each) for each in about(cloud, chat)]}")


async def a_chat(api: Api, here: Browsers) -> tuple[User, Socket, Socket, str]:
    """Of one who writes, one who is there, and one who is not, but has a browser that can be woken."""
    alice, bob, carol = await asyncio.gather(*(api.sign_up(name) for name in ("alice", "bob", "carol")))
    browser = await here.subscribe((await api.call("GET", "/v1/push/web-key")).expect(200)["public_key"])
    (await browser.register(carol)).expect(204)
    chat = await alice.group(bob, carol)
    return alice, await alice.connect(), await bob.connect(), chat


async def lines(cloud: Cloud, function: str, trace_id: str, message: str) -> list[dict[str, Any]]:
    """What a function has logged of a trace, as soon as it has."""
    log = cloud.root / ".local" / "logs" / f"natter-local-{function}.log"

    def read() -> list[dict[str, Any]]:
        logged = [json.loads(line) for line in log.read_text().splitlines() if line.startswith('{"level"')]
        return [each for each in logged if each["message"] == message and trace_id in json.dumps(each)]

    return await first(read, within_s=60)


class TestAMessage:
    async def test_is_one_trace_from_the_frame_to_the_post_and_the_push(
        self, cloud: Cloud, api: Api, here: Browsers
    ) -> None:
        _, screen, other, chat = await a_chat(api, here)
        trace = await traced(cloud, screen, chat, wanted=LIVE | WAKING)
        assert other.shown(chat), "who is there sees it"

        spans = {(each["service"], each["name"]): each for each in trace["spans"]}
        assert beginning(trace) == spans["send", "send"]
        assert trace["id"] == trace_id_of(beginning(trace)["attributes"]["request_id"])
        assert {each["parent_id"] for each in trace["spans"]} - {None} <= {each["id"] for each in trace["spans"]}
        way = [
            *(("send", "send"), ("persist", COMMANDS_TOPIC), ("persist", "persist"), ("persist", "post")),
            *(("push", "push"), ("wake", "natter-local-waves"), ("wake", "wake"), ("wake", "push")),
        ]
        begun = [spans[leg]["began_ns"] for leg in way]
        assert begun == sorted(begun)
        assert spans["persist", "persist"]["attributes"]["key"] == chat

    async def test_is_shown_in_the_terminal_by_any_id_of_it(
        self, cloud: Cloud, api: Api, here: Browsers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, screen, _, chat = await a_chat(api, here)
        trace = await traced(cloud, screen, chat, wanted=LIVE)
        trace_id, request_id = trace["id"], beginning(trace)["attributes"]["request_id"]
        (tmp_path / ".local").mkdir()
        Instance.announce(tmp_path, admin_port=cloud.runtime.admin_port)
        for named in (request_id, trace_id[:12]):
            assert await asyncio.to_thread(main, ["--root", str(tmp_path), "trace", "--", named]) == 0
            head, *waterfall = capsys.readouterr().out.splitlines()
            assert head.startswith(trace_id)
            assert {tuple(each.split()[:2]) for each in waterfall} >= LIVE
        assert await asyncio.to_thread(main, ["--root", str(tmp_path), "trace", "--", "-no such id"]) == 1

    async def test_is_logged_under_the_id_of_its_trace_and_in_detail(
        self, cloud: Cloud, api: Api, here: Browsers
    ) -> None:
        """That of what else there is in a batch says its own; who is traced is debugged, at the level INFO."""
        _, screen, _, chat = await a_chat(api, here)
        trace_id = (await traced(cloud, screen, chat, wanted=LIVE))["id"]
        (accepted,) = await lines(cloud, "send", trace_id, "accepted")
        assert (accepted["level"], accepted["trace"]) == ("DEBUG", trace_id)
        assert trace_id_of(accepted["request_id"]) == trace_id
        decided = await lines(cloud, "persist", trace_id, "decided")
        assert [(each["trace_id"], each["conversation_id"]) for each in decided] == [(trace_id, chat)]


class TestWithoutAnExporter:
    @pytest.mark.parametrize("answer", ["broken", "none"])
    async def test_messages_go_their_way(self, cloud: Cloud, api: Api, answer: Any) -> None:
        """What is not taken is counted; an exporter that does not answer is asked once by an environment."""
        alice, bob = await asyncio.gather(api.sign_up("alice"), api.sign_up("bob"))
        chat, screen, other = await alice.direct(bob), await alice.connect(), await bob.connect()
        await cloud.faults.apply(Service("xray", answer))
        try:
            for words in ("one", "two", "three"):
                (client_id,) = await screen.say(chat, words)
                await other.event(chat, client_id)
        finally:
            await cloud.faults.clear()
        assert [each["content"]["text"] for each in other.shown(chat) if each["type"] == "message"] == [
            *("one", "two", "three")
        ]
