"""
In front of LocalStack, and of the platform's own Lambda: each call is checked against the policies of the role that
signed it.

They themselves take anybody for the owner of the account. What passes is handed on in that owner's name; what does
not is refused in the words of the service. The platform's own calls go past this door, as those of AWS's services do.
"""

import logging
from datetime import UTC, datetime
from functools import partial
from typing import ClassVar

from local.certificates import HOST
from local.faults.calls import CallFaults
from local.runtime.http1 import Exchange, HttpServer

from .access import Access
from .calls import Call, calls_of
from .forms import form_of, is_form
from .identities import BadSignature, Identities, Identity
from .keys import Keys
from .ledger import Refusal
from .onward import Onward
from .refusals import Denied, refusal
from .requests import Caller, HttpRequest, caller_of, request_of
from .struck import struck
from .tally import Passed

OWNER = "test"
LARGEST_BYTES = 128 * 1024 * 1024
"""Of a request: a file as large as the largest attachment."""
_OPEN = frozenset({"OPTIONS"})
"""Browsers ask first whether they may ask; nobody signs that."""

_logger = logging.getLogger(__name__)


class AwsDoor:
    name: ClassVar[str] = "aws"

    def __init__(
        self,
        port: int,
        *,
        behind: str,
        functions: str,
        identities: Identities,
        region: str,
        account: str,
        access: Access,
    ) -> None:
        """`behind` is LocalStack's URL, `functions` the one at which functions are invoked."""
        self.port = port
        self.access = access
        self.keys = Keys({})
        self.admitted = self.refused = 0
        self.faults: CallFaults | None = None
        """Calls that fail on purpose."""
        self.identities = identities
        self._region = region
        self._account = account
        self._server = HttpServer(self._enter, max_body=LARGEST_BYTES)
        self._onward = Onward(behind, name=self.name)
        self._functions = Onward(functions, name=self.name)

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        self._onward.start()
        self._functions.start()
        await self._server.start(self.port)
        self.port = self._server.port

    async def stop(self) -> None:
        self._server.close()
        await self._onward.stop()
        await self._functions.stop()

    def status(self) -> dict[str, int]:
        return {"admitted": self.admitted, "refused": self.refused}

    def check(self, request: HttpRequest, now: datetime) -> Caller | None:
        """
        Who makes the request, if it may be made; None for one that nobody has to sign.

        Raises:
            BadSignature: it is not signed, or by nobody who is known.
            Denied: the role may not do that.
        """
        if request.method in _OPEN:
            return None
        if is_form(request):
            form = form_of(request, self.identities, region=self._region, now=now)
            caller, calls = form.caller, [Call("s3:PutObject", f"arn:aws:s3:::{form.bucket}/{form.key}")]
        else:
            caller = caller_of(request, self.identities, region=self._region, now=now)
            calls = self._calls(caller, request)
        for call in calls:
            for needed in (call, *self.keys.calls(call)):
                self._ask_for(caller.identity, needed)
        for call in calls:
            self._count(caller.identity, call, request)
        return caller

    def check_post(self, request: HttpRequest, path: str, now: datetime) -> None:
        """
        The same of a request to @connections; `path` is `API/STAGE/METHOD/@connections/ID`.

        Raises:
            BadSignature, Denied: as above.
        """
        caller = caller_of(request, self.identities, region=self._region, now=now)
        if caller.service != "execute-api":
            raise BadSignature("Credential should be scoped to correct service: 'execute-api'.")
        arn = f"arn:aws:execute-api:{self._region}:{self._account}:{path}"
        call = Call("execute-api:ManageConnections", arn)
        self._ask_for(caller.identity, call)
        self._count(caller.identity, call, request)

    def _ask_for(self, identity: Identity, call: Call) -> None:
        if (refusal := self.access.refusal(self.name, identity.role, call)) is not None:
            raise Denied(f"{refusal} because no identity-based policy allows the {call.action} action")

    def _count(self, identity: Identity, call: Call, request: HttpRequest) -> None:
        self.access.tally.add(Passed(self.name, identity.role, call.action), size=len(request.body))

    def _calls(self, caller: Caller, request: HttpRequest) -> list[Call]:
        try:
            return calls_of(caller.service, request, region=self._region, account=self._account)
        except ValueError as error:
            self.access.ledger.refuse(Refusal(self.name, caller.identity.role, f"{caller.service}:*", "*"))
            raise Denied(f"User: {caller.identity.role} is not authorized: {error}") from error

    def _enter(self, exchange: Exchange) -> None:
        request = request_of(exchange)
        try:
            caller = self.check(request, datetime.now(UTC))
        except (BadSignature, Denied) as error:
            self.refused += 1
            if isinstance(error, BadSignature):  # what a role may not do is in the ledger
                _logger.warning("%s: %s", self.name, error)
            status, headers, body = refusal(request, error)
            exchange.respond(status, body, [(name.encode(), value.encode()) for name, value in headers.items()])
            return
        self.admitted += 1
        if caller is not None:
            self.access.ledger.admit(self.name, caller.identity.role)
        onward = self._functions if caller is not None and caller.service == "lambda" else self._onward
        owned = partial(_owned, identity=None if caller is None else caller.identity)
        if self.faults is None or not struck(exchange, self.faults, onward, owned):
            onward.hand(exchange, owned)


def _owned(text: str, identity: Identity | None) -> str:
    """With the owner's key for the role's, from which LocalStack takes whose account it is."""
    return text if identity is None else text.replace(identity.access_key, OWNER)
