"""The authorizer of `$connect`: a ticket or an access token becomes the principal of all later events."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from natter.bootstrap.engines import Engines
from natter.domain.errors import Unauthenticated
from natter.entrypoints.lazily import LambdaHandler, lazily
from natter.metrics import AUTHORIZE
from natter.settings import AuthorizeSettings
from natter.telemetry.answered import answering
from natter.usecases.accounts.authenticate import AuthenticateSocket, RedeemTicket


def build(authenticate: AuthenticateSocket) -> Callable[[Mapping[str, Any], object], dict[str, Any]]:
    def handle(event: Mapping[str, Any], _: object) -> dict[str, Any]:
        context = event["requestContext"]
        asked = str(context["requestId"]), int(context["requestTimeEpoch"])
        query = event.get("queryStringParameters") or {}
        headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
        try:
            with answering(AUTHORIZE, *asked):
                principal = authenticate(ticket=query.get("ticket"), authorization=headers.get("authorization"))
        except Unauthenticated:
            # This very text is what API Gateway answers 401 to; any other error is a 500, a Deny would be a 403.
            raise Exception("Unauthorized") from None  # noqa: TRY002
        return {
            "principalId": principal.user_id,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]},
                ],
            },
            "context": asdict(principal),
        }

    return handle


def _made() -> LambdaHandler:
    engines = Engines(AuthorizeSettings())
    redeem_ticket = RedeemTicket(tickets=engines.tickets, check_session=engines.check_session)
    return build(AuthenticateSocket(authenticate=engines.authenticate, redeem_ticket=redeem_ticket))


lambda_handler = lazily(_made)
