from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from natter.adapters.webpush.answers import MAX_RETRY_AFTER_MS, handed, wait_ms
from natter.domain.push.registrations import Outcome

NOW_S = 1_800_000_000


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.ACCEPTED),
        (201, Outcome.ACCEPTED),
        (202, Outcome.ACCEPTED),
        (301, Outcome.INVALID),
        (307, Outcome.INVALID),
        (400, Outcome.INVALID),
        (401, Outcome.INVALID),
        (403, Outcome.INVALID),
        (404, Outcome.DEAD),
        (408, Outcome.REFUSED),
        (410, Outcome.DEAD),
        (413, Outcome.INVALID),
        (429, Outcome.REFUSED),
        (500, Outcome.REFUSED),
        (503, Outcome.REFUSED),
    ],
)
def test_a_status_has_one_meaning(status: int, outcome: Outcome) -> None:
    assert handed(status, None).outcome is outcome


def test_who_refuses_for_now_says_for_how_long() -> None:
    assert handed(429, "7").retry_after_ms == 7000
    assert handed(410, "7").retry_after_ms is None


def http_date(at_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(at_s, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("said", "waits_ms"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("0", 0),
        (" 120 ", 120_000),
        ("999999999", MAX_RETRY_AFTER_MS),
        ("9" * 5000, None),
        (http_date(NOW_S + 90), 90_000),
        (http_date(NOW_S - 90), 0),
        (http_date(NOW_S + 10**8), MAX_RETRY_AFTER_MS),
        ("Fri, 99 Jan 2027 99:99:99 GMT", None),
        ("Fri, 01 Jan 99999999999 00:00:00 GMT", None),
        ("Fri, 01 Jan 2027 00:00:00 +99999999999999", None),
    ],
)
def test_a_wait_is_in_seconds_or_until_a_date_and_bounded(said: str | None, waits_ms: int | None) -> None:
    assert wait_ms(said, NOW_S) == waits_ms
