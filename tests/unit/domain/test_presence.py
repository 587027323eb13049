from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import DeviceId
from natter.domain.presence import GRACE_MS, Presence, Said, Traces, may_be_news, presence_of
from tests.messages import ANN, NOON

PHONE, DESK = DeviceId("phone"), DeviceId("desk")


def away(*devices: DeviceId) -> dict[DeviceId, Said]:
    return {device: Said(state="away", at=NOON) for device in devices}


devices = st.frozensets(st.sampled_from([PHONE, DESK, DeviceId("tablet")]))
times = st.integers(min_value=NOON - 2 * GRACE_MS, max_value=NOON + 2 * GRACE_MS)
traces = st.builds(
    Traces,
    seen_at=st.none() | times,
    seen_on=st.none() | st.sampled_from([PHONE, DESK]),
    said=devices.map(lambda several: away(*several)),
)


class TestPresenceOf:
    def test_one_device_that_is_not_away_is_enough(self) -> None:
        assert presence_of(ANN, {PHONE, DESK}, Traces(said=away(PHONE)), NOON).state == "online"

    def test_who_is_away_on_all_connected_devices_is_away(self) -> None:
        assert presence_of(ANN, {PHONE}, Traces(said=away(PHONE, DESK)), NOON).state == "away"

    def test_a_device_without_a_connection_does_not_keep_anybody_online(self) -> None:
        assert presence_of(ANN, {PHONE}, Traces(seen_on=DESK, seen_at=NOON, said=away(PHONE)), NOON).state == ("away")

    def test_after_the_last_connection_they_are_as_they_were_until_the_grace_is_over(self) -> None:
        left = Traces(seen_at=NOON, seen_on=PHONE, said=away(PHONE))
        assert presence_of(ANN, (), left, NOON + GRACE_MS - 1) == Presence(user_id=ANN, state="away", grace_ms=1)
        gone = Presence(user_id=ANN, state="offline", last_seen_at=NOON)
        assert presence_of(ANN, (), left, NOON + GRACE_MS) == gone

    def test_who_was_never_seen_is_offline_and_not_said_since_when(self) -> None:
        assert presence_of(ANN, (), Traces(), NOON) == Presence(user_id=ANN, state="offline")

    @given(connected=devices, left=traces, now=times)
    def test_only_who_is_offline_says_since_when_and_only_a_grace_ends(
        self, connected: frozenset[DeviceId], left: Traces, now: int
    ) -> None:
        presence = presence_of(ANN, connected, left, now)
        assert presence.last_seen_at == (left.seen_at if presence.state == "offline" else None)
        assert (presence.state == "offline") <= (not connected)
        assert (presence.grace_ms > 0) == (not connected and presence.state != "offline")

    @given(connected=devices, left=traces, now=times)
    def test_when_the_grace_is_over_they_are_offline(
        self, connected: frozenset[DeviceId], left: Traces, now: int
    ) -> None:
        presence = presence_of(ANN, connected, left, now)
        if presence.grace_ms:
            assert presence_of(ANN, connected, left, now + presence.grace_ms - 1).state == presence.state
            assert presence_of(ANN, connected, left, now + presence.grace_ms).state == "offline"

    @given(connected=devices, left=traces, now=times)
    def test_another_device_that_is_online_makes_nobody_less_present(
        self, connected: frozenset[DeviceId], left: Traces, now: int
    ) -> None:
        with_another = presence_of(ANN, connected | {DeviceId("new")}, left, now)
        assert with_another == Presence(user_id=ANN, state="online")


class TestMayBeNews:
    online = Said(state="online", at=NOON)

    def test_not_if_another_device_has_been_online_since_before(self) -> None:
        traces = Traces(said={DESK: self.online})
        assert not may_be_news({PHONE, DESK}, traces, {PHONE}, NOON + 1)

    def test_what_came_at_the_same_time_or_later_is_no_reason(self) -> None:
        traces = Traces(said={DESK: self.online})
        assert may_be_news({PHONE, DESK}, traces, {PHONE}, NOON)

    def test_nor_is_a_device_that_is_away_not_connected_unknown_or_changed_itself(self) -> None:
        assert may_be_news({PHONE, DESK}, Traces(said=away(DESK)), {PHONE}, NOON + 1)
        assert may_be_news({PHONE}, Traces(said={DESK: self.online}), {PHONE}, NOON + 1)
        assert may_be_news({PHONE, DESK}, Traces(), {PHONE}, NOON + 1)
        assert may_be_news({PHONE, DESK}, Traces(said={DESK: self.online}), {PHONE, DESK}, NOON + 1)
