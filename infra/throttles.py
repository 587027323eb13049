"""
What a route may have of all that its stage lets through in a second, where anybody can ask or asking costs much.

A route that has its own leaves the others theirs: the rest of the stage is counted without it. Per address and per
user there are other limits, which come first (`natter.domain.limits`, the rules of `infra.blocks.firewall`): these here
are for all callers together, and keep what is behind from being asked for more than it can do.
"""

from collections.abc import Mapping

MOST_AT_ONCE = 5_000
"""Requests that an account lets in together, of all its APIs: a stage that says more gets no more (AWS: throttling)."""

HTTP: Mapping[str, float] = {
    "POST /v1/users": 0.01,  # a hash of a password, by design slow
    "POST /v1/sessions": 0.04,  # another, and a signature
    "POST /v1/sessions/refresh": 0.3,  # everybody's, as often as access tokens expire
    "ANY /v1/users/me/export": 0.002,  # reads all that somebody has ever said
    "ANY /v1/health": 0.02,  # asks every store
    "ANY /v1/push/web-key": 0.05,
    "ANY /.well-known/jwks.json": 0.05,
    "$default": 0.02,  # there is nothing: scanners
}
SOCKETS: Mapping[str, float] = {
    "$connect": 0.05,  # of prod's rate what an account lets connect in a second anew (AWS: quotas)
    "$default": 0.05,  # frames of no action
}


def default(rate: float) -> tuple[float, int]:
    """(requests a second, at once) of a stage."""
    return rate, int(min(rate, MOST_AT_ONCE))


def of_route(share: float, rate: float) -> tuple[float, int]:
    """The same of a route with this share of a stage: two seconds' worth at once, so that a wave of people gets in."""
    own = max(1.0, share * rate)
    return own, int(min(2 * own, MOST_AT_ONCE))
