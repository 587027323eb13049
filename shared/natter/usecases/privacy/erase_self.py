"""Ask for the erasure of one's own account, by who proves once more who they are."""

from dataclasses import dataclass

from natter.domain.accounts.users import Principal
from natter.domain.clock import NowMs
from natter.domain.errors import BadCredentials, Unauthenticated
from natter.domain.ids import UserId
from natter.ports.accounts import Identities, IdentityProvider, Users
from natter.ports.privacy import Erasures
from natter.usecases.accounts.check_password import CheckPassword
from natter.usecases.accounts.end_session import EndSessions


@dataclass(frozen=True, kw_only=True)
class RequestErasure:
    """
    From now on there is no such user. It is noted before the sessions are ended, so nothing that fails in between
    brings anything back: `erase` ends them, too.
    """

    erasures: Erasures
    end_sessions: EndSessions
    now_ms: NowMs

    def __call__(self, user: UserId) -> None:
        """
        Raises:
            Unavailable: it may have been noted, and a session may be live; repeat it.
        """
        self.erasures.request(user, at=self.now_ms())
        self.end_sessions(user)

    def is_asked_for(self, user: UserId) -> bool:
        """Then it is completed without another proof: there is nothing left to prove it by."""
        return self.erasures.requested(user)


@dataclass(frozen=True, kw_only=True)
class EraseSelf:
    """
    Where people have passwords.

    Raises:
        BadCredentials, RateLimited, Unavailable: as `CheckPassword` says; nothing was erased.
        Unavailable: also as `RequestErasure` says.
    """

    users: Users
    check: CheckPassword
    start: RequestErasure

    def __call__(self, asking: Principal, password: str, *, address: str) -> None:
        user = self.users.by_id(asking.user_id)
        if user is None:
            raise Unauthenticated
        if not self.start.is_asked_for(user.user_id):
            self.check(user.username, password, address=address, session=asking.session_id)
        self.start(user.user_id)


@dataclass(frozen=True, kw_only=True)
class EraseSelfByProvider:
    """
    Where an identity provider signs people in.

    Raises:
        BadCredentials: the ID token is not one of the provider's, not valid now, or about somebody else.
        Unavailable: as `IdentityProvider` and `RequestErasure` say.
    """

    provider: IdentityProvider
    identities: Identities
    start: RequestErasure

    def __call__(self, asking: Principal, id_token: str) -> None:
        if not self.start.is_asked_for(asking.user_id):
            identity = self.provider.identify(id_token)
            if self.identities.find(identity) != asking.user_id:
                raise BadCredentials
        self.start(asking.user_id)
