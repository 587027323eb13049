"""A request of an HTTP API, as handlers see it."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import BaseModel

from natter.domain.accounts.users import Principal
from natter.domain.errors import BadRequest, TooLarge
from natter.entrypoints.callers import Callers
from natter.names import BODY_LIMIT_BYTES
from natter.wire.base import parse, parse_json


class Request:
    def __init__(
        self,
        event: APIGatewayProxyEventV2,
        path: Mapping[str, str],
        callers: Callers,
        authenticate: Callable[[str | None], Principal],
    ) -> None:
        self._event = event
        self._callers = callers
        self._authenticate = authenticate
        self.path = path
        """The path's variables."""

    @cached_property
    def principal(self) -> Principal:
        """
        Who asks.

        Raises:
            Unauthenticated, RateLimited, Unavailable: as `Authenticate` and the limit of HTTP requests say.
        """
        return self._authenticate(self.header("authorization"))

    @property
    def address(self) -> str:
        """The network that asks, as `Callers.address` says."""
        return self._callers.address(self._event)

    def header(self, name: str) -> str | None:
        return self._event.headers.get(name)

    @property
    def host(self) -> str:
        """What the client calls the API, as `Callers.host` says."""
        return self._callers.host(self._event)

    @property
    def hosts(self) -> Sequence[str]:
        """All that pages of the API's own origin call it, as `Callers.hosts` says."""
        return self._callers.hosts(self._event)

    @property
    def cookies(self) -> Mapping[str, str]:
        pairs = (cookie.partition("=") for cookie in self._event.cookies)
        return {name.strip(): value.strip() for name, _, value in pairs}

    @property
    def asks_for_json(self) -> bool:
        """Whether `Accept` names it; `*/*` does not."""
        named = (self.header("accept") or "").lower().split(",")
        return "application/json" in {each.partition(";")[0].strip() for each in named}

    def parse[Model: BaseModel](self, model: type[Model]) -> Model:
        """
        The body as `model`.

        Raises:
            TooLarge: it is over the limit of a body.
            BadRequest: it is not; `detail` names the field.
        """
        body = self._body()
        if len(body) > BODY_LIMIT_BYTES:
            raise TooLarge(f"the body is over {BODY_LIMIT_BYTES} bytes")
        return parse(model, parse_json(body))

    def query[Model: BaseModel](self, model: type[Model]) -> Model:
        """
        The query as `model`, whose integers are read `FROM_DIGITS`: all of a query is text.

        Raises:
            BadRequest: it is not; `detail` names the field.
        """
        return parse(model, self._event.query_string_parameters)

    def _body(self) -> bytes:
        body = self._event.body or ""
        if not self._event.is_base64_encoded:
            return body.encode(errors="surrogatepass")  # not UTF-8 then, and refused as such
        try:
            return base64.b64decode(body, validate=True)
        except binascii.Error as error:
            raise BadRequest("the body is not valid base64") from error
