"""`Tickets` on Valkey: GETDEL gives a ticket to one taker. Kept under its digest, for keys show in monitors."""

import hashlib
import json
from dataclasses import asdict

from natter.adapters.valkey.client import Valkey
from natter.domain.accounts.users import Principal
from natter.ports.accounts import Tickets


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode(errors='surrogatepass')).hexdigest()}"


class ValkeyTickets:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def put(self, ticket: str, principal: Principal, *, ttl_s: int) -> None:
        with self._valkey.client() as client:
            client.set(_key(ticket), json.dumps(asdict(principal)), ex=ttl_s)

    def take(self, ticket: str) -> Principal | None:
        with self._valkey.client() as client:
            kept = client.getdel(_key(ticket))
        return None if kept is None else Principal(**json.loads(kept))


_: type[Tickets] = ValkeyTickets
