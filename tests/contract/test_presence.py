"""What every `PresenceTraces` and `Watchers` promises."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from natter.adapters.valkey.client import Valkey
from natter.adapters.valkey.pace import ValkeyTellingPace
from natter.adapters.valkey.presence import WATCH_S, ValkeyPresenceTraces, ValkeyWatchers
from natter.domain.ids import ConnectionId, DeviceId, UserId, new_id
from natter.domain.presence import Said, Traces, Watcher
from natter.ports.presence import PresenceTraces, TellingPace, Watchers
from tests.identity import NOON, FakeClock
from tests.memory.presence import MemoryPresenceTraces, MemoryTellingPace, MemoryWatchers

PHONE, DESK = DeviceId("phone"), DeviceId("desk")


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def traces(request: pytest.FixtureRequest) -> PresenceTraces:
    if request.param == "memory":
        return MemoryPresenceTraces()
    return ValkeyPresenceTraces(request.getfixturevalue("valkey"))


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def watchers(request: pytest.FixtureRequest) -> Watchers:
    if request.param == "memory":
        return MemoryWatchers()
    return ValkeyWatchers(request.getfixturevalue("valkey"), FakeClock())


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture(params=["memory", pytest.param("valkey", marks=pytest.mark.engines)])
def pace(request: pytest.FixtureRequest) -> TellingPace:
    if request.param == "memory":
        return MemoryTellingPace(now_ms)
    return ValkeyTellingPace(request.getfixturevalue("valkey"))


@pytest.fixture
def ann() -> UserId:
    return UserId(new_id())


@pytest.fixture
def bob() -> UserId:
    return UserId(new_id())


def a_watcher() -> Watcher:
    return Watcher(user_id=UserId(new_id()), connection_id=ConnectionId(f"{new_id()}="))


class TestPresenceTracesContract:
    def test_who_has_left_none_has_none(self, traces: PresenceTraces, ann: UserId) -> None:
        assert traces.of([ann]) == {ann: Traces()}

    def test_nobody_is_asked_for(self, traces: PresenceTraces) -> None:
        assert traces.of([]) == {}

    def test_they_are_of_the_last_time_and_device(self, traces: PresenceTraces, ann: UserId, bob: UserId) -> None:
        traces.see(ann, PHONE, at=NOON)
        traces.see(ann, DESK, at=NOON + 1)
        assert traces.of([bob, ann]) == {bob: Traces(), ann: Traces(seen_at=NOON + 1, seen_on=DESK)}
        assert list(traces.of([bob, ann])) == [bob, ann]

    def test_a_device_is_away_until_it_says_otherwise(self, traces: PresenceTraces, ann: UserId) -> None:
        traces.say(ann, PHONE, "away", at=NOON)
        traces.say(ann, DESK, "away", at=NOON)
        traces.see(ann, PHONE, at=NOON + 1)
        traces.say(ann, DESK, "online", at=NOON + 2)
        found = traces.of([ann])[ann]
        assert (found.seen_at, found.seen_on, found.away) == (NOON + 2, DESK, frozenset({PHONE}))
        assert found.said == {PHONE: Said(state="away", at=NOON), DESK: Said(state="online", at=NOON + 2)}

    def test_what_comes_late_moves_nothing_back(self, traces: PresenceTraces, ann: UserId) -> None:
        traces.see(ann, DESK, at=NOON + 1)
        traces.see(ann, PHONE, at=NOON)
        traces.say(ann, PHONE, "away", at=NOON)
        found = traces.of([ann])[ann]
        assert (found.seen_at, found.seen_on, found.away) == (NOON + 1, DESK, frozenset({PHONE}))

    def test_of_a_device_that_leaves_online_only_when_is_kept(self, traces: PresenceTraces, ann: UserId) -> None:
        traces.say(ann, PHONE, "away", at=NOON)
        traces.say(ann, DESK, "online", at=NOON)
        for device in (PHONE, DESK):
            traces.leave(ann, device, at=NOON + 1)
        found = traces.of([ann])[ann]
        assert (found.seen_at, found.seen_on, found.said) == (NOON + 1, DESK, {PHONE: Said(state="away", at=NOON)})

    def test_what_is_restored_adds_what_is_missing_and_undoes_nothing_later(
        self, traces: PresenceTraces, ann: UserId, bob: UserId
    ) -> None:
        traces.say(ann, PHONE, "online", at=NOON + 2)
        tablet = DeviceId("tablet")
        of_the_log = {
            PHONE: Said(state="away", at=NOON + 1),
            DESK: Said(state="away", at=NOON),
            tablet: Said(state="online", at=NOON),
        }
        traces.restore(
            {
                ann: Traces(seen_at=NOON + 1, seen_on=DESK, said=of_the_log),
                bob: Traces(seen_at=NOON, seen_on=PHONE),
            }
        )
        found = traces.of([ann, bob])
        assert found[ann] == Traces(
            seen_at=NOON + 2, seen_on=PHONE, said={**of_the_log, PHONE: Said(state="online", at=NOON + 2)}
        )
        assert found[bob] == Traces(seen_at=NOON, seen_on=PHONE)

    def test_a_later_restoring_knows_more(self, traces: PresenceTraces, ann: UserId) -> None:
        """The first one had read the log before they came back, and wrote after a second loss."""
        for state, at in (("away", NOON), ("online", NOON + 1), ("away", NOON)):
            said = {PHONE: Said(state="away" if state == "away" else "online", at=at)}
            traces.restore({ann: Traces(seen_at=at, seen_on=PHONE, said=said)})
        assert traces.of([ann])[ann].said == {PHONE: Said(state="online", at=NOON + 1)}

    def test_who_is_forgotten_was_never_there(self, traces: PresenceTraces, ann: UserId) -> None:
        traces.say(ann, PHONE, "away", at=NOON)
        traces.forget(ann)
        traces.forget(ann)
        assert traces.of([ann]) == {ann: Traces()}


class TestTellingPaceContract:
    def test_nobody_is_told_of_twice_within_a_second(self, pace: TellingPace, ann: UserId, bob: UserId) -> None:
        assert pace.begin([ann]) == {ann}
        assert pace.begin([ann, bob]) == {bob}
        assert pace.begin([]) == frozenset()

    def test_who_is_expected_is_awaited(self, pace: TellingPace, ann: UserId, bob: UserId) -> None:
        assert pace.awaited([ann, bob]) == pace.awaited([]) == frozenset()
        pace.expect([ann], due_at=now_ms() + 60_000)
        assert pace.awaited([ann, bob]) == {ann}

    def test_who_says_too_late_that_somebody_is_expected_is_not_believed(self, pace: TellingPace, ann: UserId) -> None:
        """They may have been looked at already."""
        pace.expect([ann], due_at=now_ms())
        assert pace.awaited([ann]) == frozenset()


class TestWatchersContract:
    def test_who_watches_is_found(self, watchers: Watchers, ann: UserId, bob: UserId) -> None:
        one, other = a_watcher(), a_watcher()
        watchers.watch(one, [ann, bob])
        watchers.watch(other, [ann])
        assert {user: set(those) for user, those in watchers.of([ann, bob]).items()} == {ann: {one, other}, bob: {one}}

    def test_users_without_any_are_missing(self, watchers: Watchers, ann: UserId) -> None:
        assert watchers.of([ann]) == watchers.of([]) == {}

    def test_another_list_takes_its_place(self, watchers: Watchers, ann: UserId, bob: UserId) -> None:
        one, other = a_watcher(), a_watcher()
        watchers.watch(other, [ann])
        watchers.watch(one, [ann])
        watchers.watch(one, [bob])
        assert watchers.of([ann, bob]) == {ann: [other], bob: [one]}
        watchers.watch(one, [])
        assert watchers.of([ann, bob]) == {ann: [other]}

    def test_whom_nobody_may_watch_any_more_nobody_does(self, watchers: Watchers, ann: UserId, bob: UserId) -> None:
        one = a_watcher()
        watchers.watch(one, [ann, bob])
        watchers.forget(ann)
        assert watchers.of([ann, bob]) == {bob: [one]}

    def test_those_who_begin_at_once_are_all_there(self, watchers: Watchers, ann: UserId) -> None:
        several = [a_watcher() for _ in range(16)]
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda each: watchers.watch(each, [ann]), several))
        assert set(watchers.of([ann])[ann]) == set(several)


@pytest.mark.engines
class TestValkeyWatchers:
    def test_after_ten_minutes_nobody_is_told_any_more(self, valkey: Valkey, ann: UserId) -> None:
        clock, one, other = FakeClock(), a_watcher(), a_watcher()
        watchers = ValkeyWatchers(valkey, clock)
        watchers.watch(one, [ann])
        clock.advance(seconds=WATCH_S / 2)
        watchers.watch(other, [ann])
        assert set(watchers.of([ann])[ann]) == {one, other}
        clock.advance(seconds=WATCH_S / 2 + 1)
        assert watchers.of([ann]) == {ann: [other]}

    def test_nothing_of_it_stays(self, valkey: Valkey, ann: UserId) -> None:
        watcher = Watcher(user_id=UserId(new_id()), connection_id=ConnectionId(new_id()))
        ValkeyWatchers(valkey, FakeClock()).watch(watcher, [ann])
        with valkey.client() as client:
            for key in (f"watchers:{ann}", f"watching:{watcher.connection_id}"):
                assert 0 < client.ttl(key) <= WATCH_S
