"""
In front of LocalStack, and of the platform's own Lambda: each call is checked against the policies of the role that
signed it.

They themselves take anybody for the owner of the account. What passes is handed on in that owner's name; what does
not is refused in the words of the service. The platform's own calls go past this door, as those of AWS's services do.
"""

import asyncio
import logging
from datetime import UTC, datetime
from typing import ClassVar

import aiohttp
from yarl import URL

from local.certificates import HOST
from local.runtime.http1 import Exchange, HttpServer

from .access import Access
from .calls import Call, calls_of
from .forms import form_of, is_form
from .identities import BadSignature, Identities, Identity
from .keys import Keys
from .ledger import Refusal
from .refusals import Denied, refusal
from .requests import Caller, HttpRequest, caller_of

OWNER = "test"
LARGEST_BYTES = 128 * 1024 * 1024
"""Of a request: a file as large as the largest attachment."""
_HOP_BY_HOP = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "server", "date"}
)
_NOT_ON = _HOP_BY_HOP - {"date", "server"} | {"expect"}
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
        self._behind = behind
        self._elsewhere = {"lambda": functions}
        self.identities = identities
        self._region = region
        self._account = account
        self._server = HttpServer(self._enter, max_body=LARGEST_BYTES)
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    async def start(self) -> None:
        """
        Serve.

        Raises:
            OSError: the port is taken.
        """
        self._session = aiohttp.ClientSession(auto_decompress=False, connector=aiohttp.TCPConnector(limit=0))
        await self._server.start(self.port)
        self.port = self._server.port

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

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
        self._ask_for(caller.identity, Call("execute-api:ManageConnections", arn))

    def _ask_for(self, identity: Identity, call: Call) -> None:
        if (refusal := self.access.refusal(self.name, identity.role, call)) is not None:
            raise Denied(f"{refusal} because no identity-based policy allows the {call.action} action")

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
        task = asyncio.get_running_loop().create_task(self._forward(exchange, request, caller))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, exchange: Exchange, request: HttpRequest, caller: Caller | None) -> None:
        assert self._session is not None
        identity = None if caller is None else caller.identity
        behind = self._behind if caller is None else self._elsewhere.get(caller.service, self._behind)
        target = f"{request.path}?{request.query}" if request.query else request.path
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in exchange.headers]
        try:
            async with self._session.request(
                request.method,
                URL(behind + _owned(target, identity), encoded=True),
                headers=[(name, _owned(value, identity)) for name, value in headers if name.lower() not in _NOT_ON],
                data=request.body or None,
                allow_redirects=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            ) as answer:
                body = await answer.read()
        except aiohttp.ClientError as error:
            _logger.warning("%s: %s", self.name, error)
            exchange.respond(503, b"")
            return
        kept = _HOP_BY_HOP - {"content-length"} if request.method == "HEAD" else _HOP_BY_HOP
        told = [(name.encode(), value.encode()) for name, value in answer.headers.items() if name.lower() not in kept]
        exchange.respond(answer.status, body, told)


def request_of(exchange: Exchange) -> HttpRequest:
    headers: dict[str, str] = {}
    for name, value in exchange.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return HttpRequest(exchange.method, exchange.raw_path.decode("latin-1"), exchange.query, headers, exchange.body)


def _owned(text: str, identity: Identity | None) -> str:
    """With the owner's key for the role's, from which LocalStack takes whose account it is."""
    return text if identity is None else text.replace(identity.access_key, OWNER)
