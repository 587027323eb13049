"""`ContentCheck` by an operator's own function, found by its name."""

import logging
from pkgutil import resolve_name

from natter.domain.errors import NatterError, Unavailable
from natter.domain.messages.commands import Command
from natter.ports.messages import ContentCheck

_logger = logging.getLogger(__name__)


class NamedCheck:
    """
    What `package.module:name` lets pass.

    Fails closed: a check that does not work lets nothing pass, for what it would have refused could not be taken
    back. A name that leads nowhere is an error at once, before the first frame.
    """

    def __init__(self, name: str) -> None:
        self._check: ContentCheck = resolve_name(name)

    def __call__(self, command: Command) -> None:
        try:
            self._check(command)
        except NatterError:
            raise
        except Exception as error:
            _logger.error("the content check failed: %s", type(error).__qualname__)  # noqa: TRY400 - its text may quote the message
            raise Unavailable("content check") from error


_: type[ContentCheck] = NamedCheck
