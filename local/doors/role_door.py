"""A door that asks which role comes, and whether it may."""

import ssl
from collections.abc import Callable
from typing import Concatenate

from .door import Door
from .identities import Identities, Identity


class RoleDoor[**To](Door):
    """
    In front of an engine that AWS lets roles into, which sign that it is they.

    `may` says whether a role may come in at all; some doors say what to.
    """

    def __init__(
        self,
        port: int,
        *,
        tls: ssl.SSLContext,
        behind: str,
        identities: Identities,
        region: str,
        may: Callable[Concatenate[Identity, To], bool] = lambda *_, **__: True,
    ) -> None:
        super().__init__(port, tls=tls)
        self._behind = behind
        self._identities = identities
        self._region = region
        self._may = may
