"""What people ask of their accounts."""

from dataclasses import dataclass

from natter.domain.accounts.users import Platform
from natter.domain.ids import DeviceId


@dataclass(frozen=True, kw_only=True, slots=True)
class NewUser:
    username: str
    password: str
    display_name: str | None
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return f"NewUser({self.username})"


@dataclass(frozen=True, kw_only=True, slots=True)
class OnDevice:
    """What a client says of the device on which somebody signs in."""

    device_id: DeviceId | None = None
    """None: one never seen before."""
    name: str | None = None
    platform: Platform | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SignInRequest:
    username: str
    password: str
    device: OnDevice
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return f"SignInRequest({self.username})"


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderSignInRequest:
    id_token: str
    device: OnDevice
    address: str
    """From where it is asked."""

    def __repr__(self) -> str:
        return f"ProviderSignInRequest({self.device}, from {self.address})"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPassword:
    current: str
    new: str
    address: str
    """Network address that asks."""

    def __repr__(self) -> str:
        return "NewPassword()"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticket:
    ticket: str
    expires_in_s: int
    url: str
    """Ready to open."""

    def __repr__(self) -> str:
        return "Ticket()"
