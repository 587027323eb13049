"""What the answers of push services mean (RFC 8030, 5 and 7; RFC 8292, 4.2)."""

import re
import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from natter.domain.push.registrations import Handed, Outcome

REFUSED_KEY = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
"""What services say of a signature that is not by the key of the subscription; 400 is Apple's word for it."""

MAX_RETRY_AFTER_MS = 60 * 60 * 1000
"""Longer no service is left alone: what is older than that is not pushed anyway."""

_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def handed(status: int, retry_after: str | None) -> Handed:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Handed(outcome=Outcome.ACCEPTED)
    if status in _GONE:
        return Handed(outcome=Outcome.DEAD)
    if status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Handed(outcome=Outcome.REFUSED, retry_after_ms=wait_ms(retry_after, time.time()))
    return Handed(outcome=Outcome.INVALID)  # redirections, too: they are not followed


def wait_ms(retry_after: str | None, now_s: float) -> int | None:
    """Of seconds, or of a date (RFC 9110, 10.2.3); None: it says nothing that is understood."""
    text = (retry_after or "").strip()
    if re.fullmatch("[0-9]{1,9}", text):
        wanted_ms = int(text) * 1000
    else:
        try:
            date = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            return None
        wanted_ms = round((date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now_s) * 1000)
    return min(max(wanted_ms, 0), MAX_RETRY_AFTER_MS)
