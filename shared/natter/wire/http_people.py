"""Requests and answers of the HTTP API that concern profiles, how people stand to each other, and their devices."""

from typing import Annotated, Self

from pydantic import Field

from natter.domain.accounts.requests import NewPassword
from natter.domain.accounts.users import KnownDevice, Platform, ProfileChange, PushProvider, PushTarget, User
from natter.domain.paging import IdPage
from natter.wire.base import HttpsUrl, WireModel
from natter.wire.http_identity import Name, Password, ProfileAnswer


class ProfilePatch(WireModel):
    """What is not named stays; null clears the avatar. Everybody has a display name."""

    display_name: Name = ""
    avatar: HttpsUrl | None = None

    def to_change(self) -> ProfileChange:
        return ProfileChange(
            display_name=self.display_name or None,
            avatar=self.avatar,
            changes_avatar="avatar" in self.model_fields_set,
        )


class PasswordBody(WireModel):
    """Any text may be tried as the current one."""

    current: Annotated[str, Field(max_length=1024, repr=False)]
    new: Password

    def to_request(self, address: str) -> NewPassword:
        return NewPassword(current=self.current, new=self.new, address=address)


class ErasureBody(WireModel):
    password: Annotated[str, Field(max_length=1024, repr=False)]


class ProviderErasureBody(WireModel):
    """Where an identity provider signs people in."""

    id_token: Annotated[str, Field(max_length=16_384, repr=False)]


class ExportAnswer(WireModel):
    """Of one that is there, the answer's `Location` says where."""

    retry_after_ms: int | None = None
    """It is being made."""


class PushBody(WireModel):
    provider: PushProvider
    token: Annotated[str, Field(min_length=1, max_length=2048, pattern=r"^[ -~]+$", repr=False)]
    """As the provider gave it to the device; of `webpush` the subscription, as JSON."""

    def to_target(self) -> PushTarget:
        return PushTarget(provider=self.provider, token=self.token)


class PeopleAnswer(WireModel):
    items: tuple[ProfileAnswer, ...]
    next_cursor: str | None = None

    @classmethod
    def of(cls, page: IdPage[User]) -> Self:
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
    def of(cls, page: IdPage[KnownDevice]) -> Self:
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
