from dataclasses import dataclass

from natter.domain.accounts.refresh_tokens import RefreshToken
from natter.domain.accounts.users import SignedIn
from natter.domain.clock import NowMs
from natter.domain.errors import BadToken
from natter.domain.limits import HTTP_PER_USER
from natter.ports.accounts import AccessTokens, Sessions
from natter.ports.limits import RateLimits
from natter.usecases.accounts.end_session import EndSession
from natter.usecases.accounts.open_session import ACCESS_TTL_S


@dataclass(frozen=True, kw_only=True)
class RefreshSession:
    """
    Give a new pair of tokens for a refresh token, which dies. One that is shown again ends its session, except that
    which died last, for a moment and once (`Turns`).
    """

    sessions: Sessions
    tokens: AccessTokens
    limits: RateLimits
    end_session: EndSession
    now_ms: NowMs

    def __call__(self, refresh_token: str) -> SignedIn:
        """
        Raises:
            BadToken: not a token of ours, spent, or its session has ended.
            RateLimited: the user has asked too much of late; the token is good still.
            Unavailable: the token is spent only if the new one was kept, but nobody got it.
        """
        shown = RefreshToken.parse(refresh_token)
        now = self.now_ms()
        recognised = self.sessions.recognise(shown, at=now)
        if recognised is None:
            raise BadToken
        following = shown.next()
        if recognised.accepted:
            self.limits.take(HTTP_PER_USER, recognised.principal.user_id)
            # Signed before the old token dies: without the signer, nobody is signed out.
            access = self.tokens.issue(recognised.principal, at=now, ttl_s=ACCESS_TTL_S)
            if self.sessions.rotate(shown, following, at=now):
                return SignedIn(
                    principal=recognised.principal,
                    access_token=access,
                    refresh_token=str(following),
                    expires_in_s=ACCESS_TTL_S,
                )
        self.end_session(recognised.principal)  # two hold tokens of it, and one of them may be a thief
        raise BadToken
