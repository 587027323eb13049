"""CORS as API Gateway does it for HTTP APIs: it answers preflights itself and owns the response headers. No I/O."""

from local.model import Cors

from .request import Request

PREFIX = "access-control-"


def is_preflight(request: Request) -> bool:
    return (
        request.method == "OPTIONS"
        and request.header("origin") is not None
        and request.header("access-control-request-method") is not None
    )


def preflight_headers(cors: Cors, request: Request) -> dict[str, str]:
    headers = response_headers(cors, request)
    if not headers:
        return {}
    if cors.methods:
        headers["access-control-allow-methods"] = ",".join(cors.methods)
    if cors.headers:
        headers["access-control-allow-headers"] = ",".join(cors.headers)
    if cors.max_age_s is not None:
        headers["access-control-max-age"] = str(cors.max_age_s)
    headers.pop("access-control-expose-headers", None)
    return headers


def response_headers(cors: Cors, request: Request) -> dict[str, str]:
    """The headers of a response; none for an origin that is not allowed."""
    origin = request.header("origin")
    if origin is None or not any(_allows(pattern, origin) for pattern in cors.origins):
        return {}
    headers = {"access-control-allow-origin": "*" if "*" in cors.origins else origin}
    if cors.expose:
        headers["access-control-expose-headers"] = ",".join(cors.expose)
    if cors.credentials:
        headers["access-control-allow-credentials"] = "true"
    if "*" not in cors.origins:
        headers["vary"] = "origin"
    return headers


def _allows(pattern: str, origin: str) -> bool:
    if pattern in {"*", origin}:
        return True
    return pattern in {"http://*", "https://*"} and origin.startswith(pattern[:-1])
