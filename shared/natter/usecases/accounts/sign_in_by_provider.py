from dataclasses import dataclass

from natter.domain.accounts.identities import Identity, display_name_like, usernames
from natter.domain.accounts.requests import ProviderSignInRequest
from natter.domain.accounts.users import SignedIn, User
from natter.domain.clock import NowMs
from natter.domain.errors import UsernameTaken
from natter.domain.ids import UserId, new_id
from natter.domain.limits import SIGN_INS_PER_ADDRESS, SIGN_INS_PER_USER
from natter.ports.accounts import Identities, IdentityProvider
from natter.ports.limits import RateLimits
from natter.usecases.accounts.open_session import OpenSession


@dataclass(frozen=True, kw_only=True)
class SignInByProvider:
    """
    Begin a session of the user for whom an identity provider vouches, and add that user at their first sign-in.

    The provider's names are wishes: they are fitted to what names may be here, a taken user name gets a suffix, and a
    user who has the same name already stays somebody else. Failed attempts are not counted: a signature is not guessed.
    """

    provider: IdentityProvider
    identities: Identities
    open_session: OpenSession
    limits: RateLimits
    now_ms: NowMs
    per_address: bool
    """Whether addresses are limited."""

    def __call__(self, request: ProviderSignInRequest) -> SignedIn:
        """
        Raises:
            BadCredentials, Unavailable: as `IdentityProvider` says.
            RateLimited: the user has signed in too often of late, or others from this address have.
            UsernameTaken: no name was free; a new attempt tries others.
        """
        identity = self.provider.identify(request.id_token)
        user = self.identities.find(identity) or self._added(identity)
        self.limits.take(SIGN_INS_PER_USER, user)
        if self.per_address:
            self.limits.take(SIGN_INS_PER_ADDRESS, request.address)
        return self.open_session(user, request.device)

    def _added(self, identity: Identity) -> UserId:
        for username in usernames(identity.username):
            user = User(
                user_id=UserId(new_id()),
                username=username,
                display_name=display_name_like(identity.display_name) or username,
                created_at=self.now_ms(),
            )
            try:
                return self.identities.add(identity, user)
            except UsernameTaken:
                continue
        raise UsernameTaken
