"""
What a caller may be told: code on the wire, HTTP status, whether the same request may go again.

NatterError
├── BadRequest          bad_request       400  no   `detail` names the field
├── UnknownAction       unknown_action    400  no
├── Unauthenticated     unauthenticated   401  no   no, expired or ended access
├── BadCredentials      bad_credentials   401  no   unknown name or wrong password, nobody can tell which; no ID token
├── BadToken            bad_token         401  no   a refresh token that is unknown, spent or ended
├── NotMember           not_member        403  no   a conversation that does not exist looks the same (P8)
├── Forbidden           forbidden         403  no
├── NotFound            not_found         404  no
├── MethodNotAllowed    method_not_allowed 405 no  HTTP alone: the answer's `Allow` says which are
├── Conflict            conflict          409  no
├── UsernameTaken       username_taken    409  no
├── LastOwner           last_owner        409  no
├── Gone                gone              410  no   the target was deleted
├── TooLarge            too_large         413  no
├── RateLimited         rate_limited      429  yes  after `retry_after_ms`
├── Unavailable         unavailable       503  yes  not known to be done: repeating it is safe (P3)
└── Internal            internal          500  yes  a bug; `detail` is the id under which it was logged
"""

from typing import ClassVar


class NatterError(Exception):
    """Base of all that a caller may be told; never raised itself. `detail` is safe to show."""

    code: ClassVar[str]
    status: ClassVar[int]
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, retry_after_ms: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_ms = retry_after_ms


class BadRequest(NatterError):
    code, status = "bad_request", 400


class UnknownAction(NatterError):
    code, status = "unknown_action", 400


class Unauthenticated(NatterError):
    code, status = "unauthenticated", 401

    def __init__(self, detail: str = "no valid access token or ticket") -> None:
        super().__init__(detail)


class BadCredentials(NatterError):
    code, status = "bad_credentials", 401

    def __init__(self, detail: str = "user name or password is wrong") -> None:
        super().__init__(detail)


class BadToken(NatterError):
    code, status = "bad_token", 401

    def __init__(self) -> None:
        super().__init__("the refresh token is not valid")


class NotMember(NatterError):
    """The user does not belong to the conversation, or there is none: a stranger cannot tell which (P8)."""

    code, status = "not_member", 403

    def __init__(self) -> None:
        super().__init__("not a member of this conversation")


class Forbidden(NatterError):
    code, status = "forbidden", 403


class NotFound(NatterError):
    code, status = "not_found", 404


class MethodNotAllowed(NatterError):
    code, status = "method_not_allowed", 405

    def __init__(self) -> None:
        super().__init__("there is something at this path, but not with this method")


class Conflict(NatterError):
    code, status = "conflict", 409


class UsernameTaken(NatterError):
    code, status = "username_taken", 409

    def __init__(self) -> None:
        super().__init__("this user name is taken")


class LastOwner(NatterError):
    code, status = "last_owner", 409

    def __init__(self) -> None:
        super().__init__("the last owner hands over first")


class Gone(NatterError):
    code, status = "gone", 410

    def __init__(self) -> None:
        super().__init__("the message was deleted")


class TooLarge(NatterError):
    code, status = "too_large", 413


class RateLimited(NatterError):
    code, status, retryable = "rate_limited", 429, True

    def __init__(self, *, retry_after_ms: int) -> None:
        super().__init__("too many requests", retry_after_ms=retry_after_ms)


class Unavailable(NatterError):
    """A dependency did not answer in time. What was asked may have happened all the same."""

    code, status, retryable = "unavailable", 503, True

    def __init__(self, dependency: str, *, retry_after_ms: int = 1000) -> None:
        super().__init__(f"{dependency} did not answer in time", retry_after_ms=retry_after_ms)
        self.dependency = dependency


class Overloaded(Unavailable):
    """More is said than can be shown in time. What was asked has not happened."""

    def __init__(self, *, retry_after_ms: int) -> None:
        super().__init__("the conversation's part of the log", retry_after_ms=retry_after_ms)
        self.detail = "more is being said than can be shown in time"


class Internal(NatterError):
    code, status, retryable = "internal", 500, True
