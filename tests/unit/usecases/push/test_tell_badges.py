from dataclasses import replace

from natter.domain.accounts.users import PushTarget
from natter.domain.ids import DeviceId
from natter.domain.push.registrations import Handed, Outcome
from natter.domain.push.wording import Badge
from natter.usecases.push.tell_badges import TellBadges
from tests.memory.connections import MemoryConnections
from tests.memory.push import MemoryPushRegistrations, MemoryPushService, MemoryShownBadges
from tests.messages import ANN, BOB, NOON, a_connection
from tests.pushing import a_registration

PHONE, TABLET = DeviceId("bob-phone"), DeviceId("bob-tablet")


class Devices:
    """Bob's phone and tablet, which show three; one conversation has something unread."""

    def __init__(self) -> None:
        self.shown, self.registry, self.service = MemoryShownBadges(), MemoryConnections(), MemoryPushService()
        self.registrations = MemoryPushRegistrations(a_registration(BOB), a_registration(BOB, "tablet"))
        self.shown.note({(BOB, PHONE): 3, (BOB, TABLET): 3})
        self.unread = 1
        self.tell = TellBadges(
            registrations=self.registrations,
            connections=self.registry,
            shown=self.shown,
            count_unread=lambda users: dict.fromkeys(users, self.unread),
            service=self.service,
            now_ms=lambda: NOON,
        )

    @property
    def told(self) -> list[tuple[DeviceId, object]]:
        return [(each.registration.device_id, each.push) for each in self.service.taken]


class TestTellBadges:
    def test_devices_that_show_another_number_are_told(self) -> None:
        devices = Devices()
        devices.tell([ANN, BOB])

        assert devices.told == [(PHONE, Badge(badge=1)), (TABLET, Badge(badge=1))]
        assert devices.shown.of([BOB]) == {BOB: {PHONE: 1, TABLET: 1}}

    def test_what_is_true_is_not_told_again(self) -> None:
        devices = Devices()
        devices.unread = 3
        devices.tell([BOB])
        assert devices.told == []

    def test_a_browser_is_not_told_since_it_would_show_something(self) -> None:
        devices = Devices()
        target = PushTarget(provider="webpush", token="{}")
        devices.registrations.all = [replace(each, target=target) for each in devices.registrations.all]
        devices.tell([BOB])
        assert devices.told == []

    def test_who_is_connected_counts_for_themselves(self) -> None:
        devices = Devices()
        devices.registry.register(replace(a_connection(BOB), device_id=TABLET))
        devices.tell([BOB])
        assert [device for device, _ in devices.told] == [PHONE]

    def test_who_has_read_something_there_knows_until_something_is_read_elsewhere(self) -> None:
        devices = Devices()
        devices.shown.read({BOB: PHONE})
        devices.tell([BOB])
        assert [device for device, _ in devices.told] == [TABLET]

        devices.shown.read({BOB: TABLET})
        devices.tell([BOB])
        assert [device for device, _ in devices.told] == [TABLET, PHONE]

    def test_what_devices_show_that_are_registered_no_more_is_not_kept(self) -> None:
        devices = Devices()
        devices.registrations.all.pop()
        devices.tell([BOB])
        assert devices.shown.of([BOB]) == {BOB: {PHONE: 1}}

    def test_what_was_not_taken_is_not_shown_and_a_dead_token_forgotten(self) -> None:
        devices = Devices()
        devices.service.answers = {
            PHONE: Handed(outcome=Outcome.REFUSED),
            TABLET: Handed(outcome=Outcome.DEAD),
        }
        devices.tell([BOB])

        assert devices.shown.of([BOB]) == {BOB: {PHONE: 3, TABLET: 3}}
        assert devices.registrations.all == [a_registration(BOB)]
