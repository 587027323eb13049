from collections.abc import Sequence

import pytest

from natter.domain.connections import MAX_CONNECTIONS, ConnectionChange
from natter.domain.delivery import Post, PostResult
from natter.domain.presence import GRACE_MS, DeviceState, Look, Traces, Watcher
from natter.usecases.presence.settle_presence import ATTEMPTS, PACE_S, REBUILT_S, TOLD_AT_ONCE
from natter.usecases.presence.tell_watchers import ROUNDS
from tests.memory.connections import PARTS, part
from tests.presence import Scene, settling


@pytest.fixture
def scene() -> Scene:
    return Scene()


class TestChanges:
    def test_watchers_are_told(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.say(phone, "away")
        scene.settle()
        assert scene.told() == [{"user_id": scene.ann, "state": "online"}, {"user_id": scene.ann, "state": "away"}]

    def test_who_comes_back_within_the_grace_was_never_gone(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        scene.settle()
        assert scene.states() == ["online"]
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 1)
        scene.connect(scene.ann, "phone")
        scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.look()
        assert scene.states() == ["online", "online"]

    def test_when_the_grace_is_over_they_are_offline(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.leave(phone)
        left_at = scene.world.clock()
        scene.settle()
        assert scene.queue.waiting == [(Look(user_id=scene.ann), GRACE_MS // 1000)]
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.look()
        assert scene.told()[1:] == [{"user_id": scene.ann, "state": "offline", "last_seen_at": left_at}]

    def test_a_message_that_comes_before_the_grace_is_over_waits_for_the_rest(self, scene: Scene) -> None:
        """Clocks differ."""
        scene.leave(scene.connect(scene.ann, "phone"))
        scene.world.clock.advance(seconds=GRACE_MS / 1000 - 0.2)
        scene.look()
        assert (scene.queue.waiting, scene.told()) == ([(Look(user_id=scene.ann), 1)], [])

    def test_a_connection_that_the_registry_was_not_told_of_is_forgotten(self, scene: Scene) -> None:
        """It did not answer when the connection was closed."""
        phone = scene.connect(scene.ann, "phone")
        left_at = scene.world.clock()
        scene.changes.append(ConnectionChange(connection=phone, change="closed", at=left_at))
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.settle()
        assert scene.told() == [{"user_id": scene.ann, "state": "offline", "last_seen_at": left_at}]

    def test_what_is_repeated_later_moves_nothing_back(self, scene: Scene) -> None:
        phone, desk = scene.connect(scene.ann, "phone"), scene.connect(scene.ann, "desk")
        scene.leave(phone)
        closed = scene.changes[-1]
        scene.world.clock.advance(seconds=5)
        scene.leave(desk)
        scene.changes.append(closed)
        scene.settle()
        traces = scene.world.traces.of([scene.ann])[scene.ann]
        assert (traces.seen_at, traces.seen_on) == (scene.world.clock(), desk.device_id)

    def test_what_was_told_and_undone_before_anybody_looked_is_told_again(self, scene: Scene) -> None:
        """Bob was answered that she is away; the consumer gets to it only when she is back."""
        phone = scene.connect(scene.ann, "phone")
        scene.settle()
        scene.say(phone, "away")
        assert scene.watch(scene.screen, scene.ann) == "away"
        scene.say(phone, "online")
        scene.settle()
        assert scene.states()[-1] == "online"


class TestPace:
    def test_what_shows_nobody_otherwise_is_not_told(self, scene: Scene) -> None:
        """A device that is online all along: whatever another one says, their user is."""
        scene.connect(scene.ann, "desk")
        scene.settle()
        for state in ("opened", "away", "online", "away"):
            scene.world.clock.advance(seconds=1)
            if state == "opened":
                phone = scene.connect(scene.ann, "phone")
            else:
                scene.say(phone, "away" if state == "away" else "online")
            scene.settle()
        scene.world.clock.advance(seconds=1)
        scene.leave(phone)
        scene.settle()
        assert (scene.states(), scene.queue.waiting) == (["online"], [])

    def test_of_two_that_were_looked_at_only_when_both_were_there_one_is_told(self, scene: Scene) -> None:
        """Each of them is online because of the other, but one of them was first."""
        scene.connect(scene.ann, "desk")
        (first,) = scene.changes
        scene.world.clock.advance(seconds=1)
        scene.connect(scene.ann, "phone")
        second = scene.changes[-1]
        for change in (second, first):
            settling(scene.world, scene.queue).changed([change])
        assert scene.states() == ["online"]

    def test_who_changes_fast_is_told_of_once_a_second_and_last_how_they_are(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        states: list[DeviceState] = ["away", "online"]
        seconds = 5
        for number in range(10 * seconds):
            scene.say(phone, states[number % 2])
            scene.settle()
            scene.world.clock.advance(seconds=0.1)
            if number % 10 == 9:
                scene.hand_out()
        scene.world.clock.advance(seconds=1)
        scene.hand_out()
        assert len(scene.states()) <= seconds + 2
        assert scene.states()[-1] == "online"
        assert scene.queue.waiting == []

    def test_who_changes_faster_than_can_be_told_is_looked_at_later_and_holds_up_nobody(self, scene: Scene) -> None:
        phone = scene.connect(scene.ann, "phone")
        sockets, states = scene.sockets, iter(["away", "online"] * ROUNDS)
        post = sockets.post

        def change_and_post(posts: Sequence[Post], *, budget_s: float) -> Sequence[PostResult]:
            state: DeviceState = "away" if next(states) == "away" else "online"
            scene.world.traces.say(phone.user_id, phone.device_id, state, at=scene.world.clock())
            return post(posts, budget_s=budget_s)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sockets, "post", change_and_post)
            scene.settle()
        assert len(scene.states()) == ROUNDS
        assert scene.queue.waiting == [(Look(user_id=scene.ann, changed=True), PACE_S)]
        scene.world.clock.advance(seconds=PACE_S)
        scene.hand_out()
        assert scene.states()[-1] == scene.world.presence_now([scene.ann])[scene.ann].state

    def test_of_whom_the_registry_has_lost_connections_nothing_is_told_until_it_knows(self) -> None:
        """A shard was lost, and those who watch are in another."""
        scene = next(scene for scene in iter(Scene, None) if part(scene.ann) != part(scene.bob))
        desk = scene.connect(scene.ann, "desk")
        scene.settle()
        registry = scene.sockets.registry
        registry.lose(part(scene.ann))
        scene.world.clock.advance(seconds=1)
        scene.say(desk, "away")
        scene.settle()
        assert scene.states() == ["online"]
        assert scene.queue.waiting == [(Look(user_id=scene.ann, changed=True), REBUILT_S)]
        assert scene.rebuilds == 1
        registry.restore([desk])
        registry.marks.claim("g", most=PARTS)
        registry.marks.complete("g")
        scene.world.clock.advance(seconds=REBUILT_S)
        scene.hand_out()
        assert scene.states() == ["online", "away"]
        assert scene.rebuilds == 1


class TestWhoIsTold:
    def test_more_than_a_batch_can_tell_are_left_to_the_queue(self, scene: Scene) -> None:
        people = [scene.chat.person(f"user{number}") for number in range(2 * TOLD_AT_ONCE // MAX_CONNECTIONS)]
        scene.chat.group(scene.ann, *people)
        screens = [scene.connect(user, f"{user}-{number}") for number in range(MAX_CONNECTIONS) for user in people]
        for screen in screens:
            watcher = Watcher(user_id=screen.user_id, connection_id=screen.connection_id)
            scene.world.watchers.watch(watcher, [scene.ann])
        scene.changes.clear()
        scene.connect(scene.ann, "phone")
        scene.settle()
        assert len(scene.sockets.frames) == TOLD_AT_ONCE
        assert [len(look.watchers) for look, _ in scene.queue.waiting] == [TOLD_AT_ONCE, 1]
        for look, delay_s in list(scene.queue.waiting):
            assert delay_s == 0
            scene.look(look)
        assert {to for to, _ in scene.sockets.frames} == {"screen", *(each.connection_id for each in screens)}

    def test_who_could_not_be_told_is_told_again_and_not_for_ever(self, scene: Scene) -> None:
        scene.sockets.answers = False
        scene.connect(scene.ann, "phone")
        scene.settle()
        waits: list[int] = []
        while scene.queue.waiting:
            ((look, delay_s),) = scene.queue.waiting
            assert look == Look(user_id=scene.ann, watchers=(scene.watcher,), attempt=len(waits) + 1)
            waits.append(delay_s)
            scene.queue.waiting.clear()
            scene.look(look)
        assert waits == [2, 4, 8]
        assert len(waits) == ATTEMPTS

    def test_who_is_erased_leaves_no_traces(self, scene: Scene) -> None:
        """Their connection was closed late."""
        phone = scene.connect(scene.ann, "phone")
        scene.world.erasures.request(scene.ann, at=scene.world.clock())
        scene.leave(phone)
        scene.settle()
        scene.world.clock.advance(seconds=GRACE_MS / 1000)
        scene.look()
        assert scene.world.traces.of([scene.ann])[scene.ann] == Traces()
        assert scene.told() == []
