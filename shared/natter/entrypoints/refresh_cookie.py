"""
The refresh token in a cookie, for browsers whose pages are on the API's own origin: no script can read it there.

`SameSite` and the check of `Origin` keep pages of other sites from using it; its path keeps it out of all other
requests.
"""

from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from natter.domain.accounts.users import SESSION_IDLE_MS
from natter.domain.errors import Forbidden
from natter.entrypoints.request import Request

PATH = "/v1/sessions/refresh"
_NAME = "refresh"
_SECURE_NAME = f"__Secure-{_NAME}"
"""Browsers take it from who is asked over TLS only (RFC 6265bis, 4.1.3.1). `__Host-` would fix the path to `/`."""
_LOOPBACK = {"127.0.0.1", "localhost"}


def make(request: Request, token: str) -> Cookie:
    """
    The one that keeps `token` where it was asked for.

    Raises:
        Forbidden: a page of another origin asks.
    """
    if request.header("origin") is not None:
        _check_origin(request)
    secure = not _is_loopback(request)
    return Cookie(
        name=_SECURE_NAME if secure else _NAME,
        value=token,
        path=PATH,
        secure=secure,
        http_only=True,
        max_age=SESSION_IDLE_MS // 1000,
        same_site=SameSite.STRICT_MODE,
    )


def read(request: Request) -> str | None:
    """
    The token that the request's cookie holds, if it has one.

    Raises:
        Forbidden: who asks is no page of the API's own origin.
    """
    token = request.cookies.get(_NAME if _is_loopback(request) else _SECURE_NAME)
    if token is not None:
        _check_origin(request)
    return token


def _check_origin(request: Request) -> None:
    scheme = "http" if _is_loopback(request) else "https"
    if request.header("origin") not in {f"{scheme}://{host}" for host in request.hosts}:
        raise Forbidden("the cookie is for pages of this API's own origin")


def _is_loopback(request: Request) -> bool:
    """As on the laptop, where nothing is encrypted."""
    return request.host.partition(":")[0] in _LOOPBACK
