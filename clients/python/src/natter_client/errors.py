"""
What can go wrong, by the protocol's codes, with what to do about it.

NatterError
├── BadRequest, UnknownAction, MethodNotAllowed, TooLarge     the call is wrong: change it
├── Unauthenticated, BadCredentials, BadToken                 who is calling is not known: sign in
├── NotMember, Forbidden, NotFound, Gone                      it is not theirs, or not there
├── Conflict, UsernameTaken, LastOwner                        it does not go together with what is there
├── RateLimited, Unavailable, Internal, Unreachable           the same again, later: the client does so by itself
├── FileRefused                                               a file that cannot be sent, or had
├── SignedOut                                                 the session has ended; what is unsent is kept
└── UnknownError                                              a code that is newer than this client
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class NatterError(Exception):
    """
    Never raised itself.

    `detail` is the server's own word and is meant for developers, `retry_after_s` how long it asks to wait.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 0
    retryable: ClassVar[bool] = False
    """Whether the very same request may succeed later. With the same client ids repeating is safe."""
    advice: ClassVar[str] = ""
    """What the caller can do."""

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"{self.code}: {self.detail or 'no details'} ({self.advice})"


class BadRequest(NatterError):
    code, status = "bad_request", 400
    advice = "correct the field that is named"


class UnknownAction(NatterError):
    code, status = "unknown_action", 400
    advice = "the server does not know this action: is it older than this client?"


class Unauthenticated(NatterError):
    code, status = "unauthenticated", 401
    advice = "refresh the access token, or sign in"


class BadCredentials(NatterError):
    code, status = "bad_credentials", 401
    advice = "ask for name and password again"


class BadToken(NatterError):
    code, status = "bad_token", 401
    advice = "sign in again: this refresh token is spent"


class NotMember(NatterError):
    code, status = "not_member", 403
    advice = "ask a member to be added; a conversation that does not exist looks the same"


class Forbidden(NatterError):
    code, status = "forbidden", 403
    advice = "it takes another role, or the other side has blocked it"


class NotFound(NatterError):
    code, status = "not_found", 404
    advice = "look whether it is there, and readable"


class MethodNotAllowed(NatterError):
    code, status = "method_not_allowed", 405
    advice = "use one of the methods that the path has"


class Conflict(NatterError):
    code, status = "conflict", 409
    advice = "it takes no more of these; do not repeat it"


class UsernameTaken(NatterError):
    code, status = "username_taken", 409
    advice = "choose another user name"


class LastOwner(NatterError):
    code, status = "last_owner", 409
    advice = "make somebody else an owner first"


class Gone(NatterError):
    code, status = "gone", 410
    advice = "the message was deleted: drop the change"


class TooLarge(NatterError):
    code, status = "too_large", 413
    advice = "say less in one message (24 KB of content), or send a file"


class RateLimited(NatterError):
    code, status, retryable = "rate_limited", 429, True
    advice = "wait as long as asked; what is in the outbox waits by itself"


class Unavailable(NatterError):
    code, status, retryable = "unavailable", 503, True
    advice = "repeat with the same client ids; what is in the outbox is repeated by itself"


class Internal(NatterError):
    code, status, retryable = "internal", 500, True
    advice = "repeat with the same client ids; if it stays, report the request id in the detail"


class Unreachable(NatterError):
    """No answer came: no network, no name, a timeout. Whether the request was carried out is not known."""

    code, retryable = "unreachable", True
    advice = "look at network and address; what is in the outbox is sent when the server answers again"


class FileRefused(NatterError):
    """A file that is too large, has no type or name that can be sent, is none, or is refused by the store."""

    code = "file_refused"
    advice = "send another one (up to 100 MiB), or look whether something changes it meanwhile"


class SignedOut(NatterError):
    """The session has ended, here or elsewhere. What is unsent stays in the store until somebody decides."""

    code = "signed_out"
    advice = "sign in again over the same store to send what is unsent, or drop the store"


class UnknownError(NatterError):
    code = "unknown"
    advice = "update this client: the server has an error that it does not know"


BY_CODE: Mapping[str, type[NatterError]] = {each.code: each for each in NatterError.__subclasses__()}


def error_of(fields: Mapping[str, Any]) -> NatterError:
    """The error that a problem document or an `error` frame tells of."""
    code, after_ms = fields.get("code", ""), fields.get("retry_after_ms")
    after_ms = after_ms if isinstance(after_ms, int | float) else None
    detail = str(fields.get("detail") or "")
    kind = BY_CODE.get(code, UnknownError)
    return kind(
        detail if kind is not UnknownError else f"{code} {detail}".strip(),
        retry_after_s=None if after_ms is None else after_ms / 1000,
    )
