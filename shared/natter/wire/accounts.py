"""Requests and answers of the HTTP API about accounts: users, sessions, tickets; profiles, people, devices."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field

from natter.domain.accounts.credentials import PublicKey
from natter.domain.accounts.requests import NewPassword, NewUser, OnDevice, ProviderSignInRequest, SignInRequest, Ticket
from natter.domain.accounts.users import (
    USERNAME_PATTERN,
    Contactable,
    KnownDevice,
    Platform,
    ProfileChange,
    PushProvider,
    PushTarget,
    Session,
    SignedIn,
    User,
)
from natter.domain.ids import DeviceId
from natter.domain.paging import Page
from natter.wire.base import HttpsUrl, Line, Patch, WireId, WireModel

Name = Annotated[Line, Field(min_length=1, max_length=64)]
"""Display name of a user, or name of a device."""


Password = Annotated[str, Field(min_length=10, max_length=128, repr=False)]
"""One that somebody wants to have."""


class SignUpBody(WireModel):
    username: Annotated[str, Field(pattern=USERNAME_PATTERN)]
    password: Password
    display_name: Name | None = None

    def to_request(self, address: str) -> NewUser:
        return NewUser(username=self.username, password=self.password, display_name=self.display_name, address=address)


class DeviceBody(WireModel):
    device_id: WireId | None = None
    name: Name | None = None
    platform: Platform | None = None

    def to_device(self) -> OnDevice:
        device_id = None if self.device_id is None else DeviceId(self.device_id)
        return OnDevice(device_id=device_id, name=self.name, platform=self.platform)


type RefreshBy = Literal["body", "cookie"]
"""Where the refresh token is: in what is said, or in a cookie, which only a browser knows."""


class SignInBody(WireModel):
    """Any text may be tried as name and password: what nobody can have is as wrong as what nobody has."""

    username: Annotated[str, Field(max_length=128)]
    password: Annotated[str, Field(max_length=1024, repr=False)]
    device: DeviceBody | None = None
    refresh: RefreshBy = "body"

    def to_request(self, address: str) -> SignInRequest:
        device = (self.device or DeviceBody()).to_device()
        return SignInRequest(username=self.username, password=self.password, device=device, address=address)


class ProviderSignInBody(WireModel):
    """Where an identity provider signs people in."""

    id_token: Annotated[str, Field(max_length=16_384, repr=False)]
    device: DeviceBody | None = None
    refresh: RefreshBy = "body"

    def to_request(self, address: str) -> ProviderSignInRequest:
        device = (self.device or DeviceBody()).to_device()
        return ProviderSignInRequest(id_token=self.id_token, device=device, address=address)


class RefreshBody(WireModel):
    """Without a token, it is in the cookie."""

    refresh_token: Annotated[str, Field(max_length=1024)] | None = Field(None, repr=False)


class FindUsersQuery(WireModel):
    username: Annotated[str, Field(min_length=1)]


class UserAnswer(WireModel):
    """A user as they see themselves."""

    user_id: str
    username: str
    display_name: str
    avatar: str | None
    created_at: int
    contactable: Contactable

    @classmethod
    def of(cls, user: User) -> "UserAnswer":
        return cls(
            user_id=user.user_id,
            username=user.username,
            display_name=user.display_name,
            avatar=user.avatar,
            created_at=user.created_at,
            contactable=user.contactable,
        )


class ProfileAnswer(WireModel):
    """A user as others see them."""

    user_id: str
    username: str
    display_name: str
    avatar: str | None

    @classmethod
    def of(cls, user: User) -> "ProfileAnswer":
        return cls(user_id=user.user_id, username=user.username, display_name=user.display_name, avatar=user.avatar)


class ProfilesAnswer(WireModel):
    items: tuple[ProfileAnswer, ...]

    @classmethod
    def of(cls, users: Iterable[User]) -> "ProfilesAnswer":
        return cls(items=tuple(ProfileAnswer.of(user) for user in users))


class SignedInAnswer(WireModel):
    access_token: Annotated[str, Field(repr=False)]
    expires_in: int
    """Seconds."""
    refresh_token: str | None = Field(repr=False)
    """Not of who has it in a cookie."""
    user_id: str
    device_id: str
    session_id: str

    @classmethod
    def of(cls, signed_in: SignedIn, refresh: RefreshBy) -> "SignedInAnswer":
        return cls(
            access_token=signed_in.access_token,
            expires_in=signed_in.expires_in_s,
            refresh_token=signed_in.refresh_token if refresh == "body" else None,
            user_id=signed_in.principal.user_id,
            device_id=signed_in.principal.device_id,
            session_id=signed_in.principal.session_id,
        )


class KeyAnswer(WireModel):
    """A JSON Web Key (RFC 7517)."""

    kty: str = "EC"
    crv: str = "P-256"
    use: str = "sig"
    alg: str = "ES256"
    kid: str
    x: str
    y: str


class KeysAnswer(WireModel):
    """A JSON Web Key Set (RFC 7517, 5)."""

    keys: tuple[KeyAnswer, ...]

    @classmethod
    def of(cls, keys: Iterable[PublicKey]) -> "KeysAnswer":
        return cls(keys=tuple(KeyAnswer(kid=key.key_id, x=key.x, y=key.y) for key in keys))


class SessionAnswer(WireModel):
    session_id: str
    device_id: str
    device_name: str | None
    platform: str | None
    created_at: int
    refreshed_at: int
    current: bool


class SessionsAnswer(WireModel):
    items: tuple[SessionAnswer, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: Page[Session], *, asking: str) -> "SessionsAnswer":
        return cls(
            items=tuple(
                SessionAnswer(
                    session_id=session.principal.session_id,
                    device_id=session.principal.device_id,
                    device_name=session.device.name,
                    platform=session.device.platform,
                    created_at=session.created_at,
                    refreshed_at=session.refreshed_at,
                    current=session.principal.session_id == asking,
                )
                for session in page.items
            ),
            next_cursor=page.next_cursor,
        )


class TicketAnswer(WireModel):
    ticket: Annotated[str, Field(repr=False)]
    expires_in: int
    """Seconds."""
    url: Annotated[str, Field(repr=False)]

    @classmethod
    def of(cls, ticket: Ticket) -> "TicketAnswer":
        return cls(ticket=ticket.ticket, expires_in=ticket.expires_in_s, url=ticket.url)


class ProfilePatch(Patch):
    """What is not named stays; null clears the avatar, and lets everybody add one. Everybody has a display name."""

    display_name: Name = ""
    avatar: HttpsUrl | None = None
    contactable: Contactable | None = None

    def to_change(self) -> ProfileChange:
        return ProfileChange(
            display_name=self.display_name or None,
            avatar=self.avatar,
            changes_avatar="avatar" in self.model_fields_set,
            contactable=(self.contactable or "everybody") if "contactable" in self.model_fields_set else None,
        )


class PasswordBody(WireModel):
    """Any text may be tried as the current one."""

    current: Annotated[str, Field(max_length=1024, repr=False)]
    new: Password

    def to_request(self, address: str) -> NewPassword:
        return NewPassword(current=self.current, new=self.new, address=address)


class PushBody(WireModel):
    provider: PushProvider
    token: Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^[ -~]+$", repr=False)]
    """As the provider gave it to the device; of `webpush` the subscription, as JSON."""

    def to_target(self) -> PushTarget:
        return PushTarget(provider=self.provider, token=self.token)


class WebKeyAnswer(WireModel):
    """The key that browsers subscribe with (`applicationServerKey`)."""

    public_key: str
    """Of P-256, uncompressed, in base64url."""


class PeopleAnswer(WireModel):
    items: tuple[ProfileAnswer, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: Page[User]) -> Self:
        return cls(items=tuple(ProfileAnswer.of(user) for user in page.items), next_cursor=page.next_cursor)


class DeviceItem(WireModel):
    device_id: str
    name: str | None
    platform: Platform | None
    last_seen_at: int
    push: PushProvider | None


class DevicesAnswer(WireModel):
    items: tuple[DeviceItem, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: Page[KnownDevice]) -> Self:
        return cls(
            items=tuple(
                DeviceItem(
                    device_id=known.device.device_id,
                    name=known.device.name,
                    platform=known.device.platform,
                    last_seen_at=known.last_seen_at,
                    push=known.push,
                )
                for known in page.items
            ),
            next_cursor=page.next_cursor,
        )
