"""A door that asks which role comes, and whether it may."""

import ssl

from .access import Access
from .door import Door
from .identities import Identities, Identity


class RoleDoor(Door):
    """In front of an engine that AWS lets roles into, which sign that it is they."""

    def __init__(
        self, port: int, *, tls: ssl.SSLContext, behind: str, identities: Identities, region: str, access: Access
    ) -> None:
        super().__init__(port, tls=tls)
        self._behind = behind
        self._identities = identities
        self._region = region
        self._access = access

    def _admit(self, identity: Identity) -> None:
        self.admitted += 1
        self._access.ledger.admit(self.name, identity.role)
