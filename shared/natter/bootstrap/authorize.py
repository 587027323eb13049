"""Puts `authorize` together."""

from natter.adapters.valkey.tickets import ValkeyTickets
from natter.bootstrap.common import valkey
from natter.bootstrap.identity import access_tokens, authenticate, check_session, postgres
from natter.settings import AuthorizeSettings
from natter.usecases.accounts.authenticate import AuthenticateSocket, RedeemTicket


def authorize(settings: AuthorizeSettings) -> AuthenticateSocket:
    database, cache = postgres(settings.postgres), valkey(settings.valkey)
    return AuthenticateSocket(
        authenticate=authenticate(database, cache, access_tokens(settings.tokens)),
        redeem_ticket=RedeemTicket(tickets=ValkeyTickets(cache), check_session=check_session(database, cache)),
    )
