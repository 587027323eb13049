import json
from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.accounts.time_zones import time_zone
from natter.domain.errors import BadRequest
from natter.wire.base import parse
from natter.wire.notifications import NotificationsAnswer, NotificationsPatch

QUIET = {"from": "22:00", "to": "07:05", "time_zone": "Europe/Zurich"}
NIGHT = QuietHours(begins=time(22), ends=time(7, 5), time_zone=time_zone("Europe/Zurich"))
WRONG: dict[str, tuple[object, ...]] = {
    "previews": ("yes", 0, []),
    "mentions_pierce_mute": ("false", 1),
    "quiet": (True, "22:00-07:00", []),
    "quiet.from": (None, 22, "22", "7:00", "22:00:00", "22:00Z", " 22:00", "22:00\n", "22.00", "\uff12\uff12:00"),
    "quiet.to": (None, 22, "", "7:00", "24:00", "22:60"),
    "quiet.time_zone": (
        *(None, 1, "", "Mars/Olympus", "europe/zurich", "+01:00", "CEST"),
        *("/etc/passwd", "../UTC", "Europe/../UTC", "UTC\0", "x" * 70_000),
    ),
}
UNUSUAL = Notifications(previews=False, mentions_pierce_mute=False, quiet=NIGHT)


def changed(body: dict[str, Any], before: Notifications = UNUSUAL) -> Notifications:
    return parse(NotificationsPatch, body).apply(before)


class TestNotificationsPatch:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, UNUSUAL),
            ({"previews": True}, replace(UNUSUAL, previews=True)),
            ({"mentions_pierce_mute": True, "of_no_interest": 1}, replace(UNUSUAL, mentions_pierce_mute=True)),
            ({"quiet": None}, replace(UNUSUAL, quiet=None)),
            ({"quiet": QUIET | {"from": "00:00", "to": "23:59"}}, None),
            ({"previews": None, "mentions_pierce_mute": None, "quiet": None}, Notifications()),
        ],
    )
    def test_changes_only_what_was_sent(self, body: dict[str, Any], expected: Notifications | None) -> None:
        all_day = replace(UNUSUAL, quiet=replace(NIGHT, begins=time(0), ends=time(23, 59)))
        assert changed(body) == (expected or all_day)

    def test_turns_off_what_is_on(self) -> None:
        body = {"previews": False, "mentions_pierce_mute": False, "quiet": QUIET}
        assert changed(body, Notifications()) == UNUSUAL

    @pytest.mark.parametrize(
        ("name", "value"),
        [(name, value) for name, values in WRONG.items() for value in values],
        ids=lambda value: repr(value)[:40],
    )
    def test_a_wrong_field_is_named(self, name: str, value: object) -> None:
        field, _, inner = name.partition(".")
        with pytest.raises(BadRequest, match=f"^{name}: ") as refused:
            changed({field: QUIET | {inner: value} if inner else value})
        assert "x" * 65 not in str(refused.value)

    @pytest.mark.parametrize("name", QUIET)
    def test_quiet_hours_are_changed_as_a_whole(self, name: str) -> None:
        with pytest.raises(BadRequest, match=f"^quiet.{name}: Field required"):
            changed({"quiet": {key: value for key, value in QUIET.items() if key != name}})


class TestNotificationsAnswer:
    def test_says_what_is_so(self) -> None:
        usual = {"previews": True, "mentions_pierce_mute": True}
        assert json.loads(NotificationsAnswer.of(Notifications()).to_json()) == usual
        unusual = {"previews": False, "mentions_pierce_mute": False, "quiet": QUIET}
        assert json.loads(NotificationsAnswer.of(UNUSUAL).to_json()) == unusual
