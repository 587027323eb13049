"""Connecting ahead of the first event, in Lambda's init phase."""

import logging
from collections.abc import Callable

from natter.domain.errors import Unavailable

_logger = logging.getLogger(__name__)


def warmed(*connects: Callable[[], object]) -> None:
    """
    Connect to what the function will need, so that its first event does not wait for it.

    A dependency that is down is met again by that event; the environment starts all the same.
    """
    for connect in connects:
        try:
            connect()
        except Unavailable as error:
            _logger.warning("not warm: %s", error)
