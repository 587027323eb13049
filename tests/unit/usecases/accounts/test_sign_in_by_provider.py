from dataclasses import replace

import pytest

from natter.domain.accounts.identities import Identity
from natter.domain.accounts.requests import OnDevice, ProviderSignInRequest
from natter.domain.accounts.users import Device, SignedIn, User
from natter.domain.errors import BadCredentials, BadToken, RateLimited, Unauthenticated, UsernameTaken
from natter.domain.ids import DeviceId, UserId
from natter.domain.limits import SIGN_INS_PER_ADDRESS, SIGN_INS_PER_USER
from tests.identity import NOON, World, a_sign_in
from tests.memory.identities import MemoryIdentities

ANN = Identity(issuer="https://login.example", subject="1", username="Ann@corp.example", display_name="Ann B.")


class CrowdedIdentities(MemoryIdentities):
    """Everybody is called something already."""

    tried: tuple[str, ...] = ()

    def add(self, identity: Identity, user: User) -> UserId:
        assert self.find(identity) is None
        self.tried += (user.username,)
        raise UsernameTaken


def sign_in(world: World, identity: Identity, on: OnDevice | None = None) -> SignedIn:
    token = world.provider.issue(identity)
    return world.sign_in_by_provider(
        ProviderSignInRequest(id_token=token, device=on or OnDevice(), address="192.0.2.1")
    )


class TestSignInByProvider:
    def test_the_first_time_adds_the_user(self) -> None:
        world = World()
        signed_in = sign_in(world, ANN)
        assert world.users.by_id(signed_in.principal.user_id) == User(
            user_id=signed_in.principal.user_id, username="ann", display_name="Ann B.", created_at=NOON
        )

    def test_later_it_is_the_same_user_whatever_their_names(self) -> None:
        world = World()
        first = sign_in(world, ANN)
        again = sign_in(world, replace(ANN, username="smith", display_name="Ann Smith"))
        assert again.principal.user_id == first.principal.user_id
        assert again.principal.session_id != first.principal.session_id
        user = world.users.by_id(first.principal.user_id)
        assert user is not None
        assert (user.username, user.display_name) == ("ann", "Ann B.")

    def test_the_session_is_like_any_other(self) -> None:
        """Its tokens authenticate, are refreshed, and end with it."""
        world = World()
        device = OnDevice(device_id=DeviceId("phone-1"), name="Phone", platform="ios")
        signed_in = sign_in(world, ANN, device)
        assert world.authenticate(f"Bearer {signed_in.access_token}") == signed_in.principal
        session = world.sessions.find(signed_in.principal.session_id)
        assert session is not None
        assert session.device == Device(device_id=DeviceId("phone-1"), name="Phone", platform="ios")
        refreshed = world.refresh_session(signed_in.refresh_token)
        world.end_session(signed_in.principal)
        with pytest.raises(Unauthenticated):
            world.authenticate(f"Bearer {refreshed.access_token}")
        with pytest.raises(BadToken):
            world.refresh_session(refreshed.refresh_token)

    def test_a_namesake_with_a_password_stays_somebody_else(self) -> None:
        """What a provider calls somebody opens nobody's account."""
        world = World()
        namesake = world.add("ann")
        signed_in = sign_in(world, ANN)
        user = world.users.by_id(signed_in.principal.user_id)
        assert user is not None
        assert user.user_id != namesake.user_id
        assert user.username.startswith("ann_")
        assert world.sign_in(a_sign_in("ann")).principal.user_id == namesake.user_id

    def test_whoever_came_by_a_provider_has_no_password(self) -> None:
        world = World()
        sign_in(world, ANN)
        with pytest.raises(BadCredentials):
            world.sign_in(a_sign_in("ann"))

    def test_without_a_display_name_the_user_name_is_shown(self) -> None:
        world = World()
        user = world.users.by_id(sign_in(world, replace(ANN, display_name=None)).principal.user_id)
        assert user is not None
        assert user.display_name == "ann"

    def test_of_one_user_and_of_one_address_are_so_many(self) -> None:
        world = World()
        for _ in range(SIGN_INS_PER_USER.burst):
            sign_in(world, ANN)
        with pytest.raises(RateLimited):
            sign_in(world, ANN)
        for number in range(SIGN_INS_PER_ADDRESS.burst - SIGN_INS_PER_USER.burst):
            sign_in(world, replace(ANN, subject=f"other-{number % 10}"))
        with pytest.raises(RateLimited):
            sign_in(world, replace(ANN, subject="other-0"))

    def test_names_are_tried_a_few_times(self) -> None:
        world = World()
        crowded = CrowdedIdentities(world.users)
        world.sign_in_by_provider = replace(world.sign_in_by_provider, identities=crowded)
        with pytest.raises(UsernameTaken):
            sign_in(world, ANN)
        assert len(set(crowded.tried)) == 4

    def test_an_unknown_token_opens_nothing(self) -> None:
        world = World()
        with pytest.raises(BadCredentials):
            world.sign_in_by_provider(ProviderSignInRequest(id_token="x", device=OnDevice(), address="192.0.2.1"))

    def test_repr_keeps_the_token(self) -> None:
        request = ProviderSignInRequest(id_token="secret-token", device=OnDevice(), address="192.0.2.1")
        assert "secret-token" not in repr(request)
