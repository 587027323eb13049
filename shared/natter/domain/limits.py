"""How much of what one user, name or address may do: token buckets (values of protocol.md, 5)."""

from collections.abc import Mapping
from dataclasses import dataclass

from natter.names import RATES


@dataclass(frozen=True, slots=True)
class Bucket:
    """Holds up to `burst` tokens and gains `rate` of them a second. Each key has its own."""

    name: str
    rate: float
    """Tokens a second."""
    burst: int


def _stated(name: str) -> Bucket:
    rate, burst = RATES[name]
    return Bucket(name, rate=rate, burst=burst)


HTTP_PER_USER = _stated("http")
FAILED_SIGN_INS_PER_NAME = Bucket("sign_in_name", rate=5 / 60, burst=5)
FAILED_SIGN_INS_PER_DEVICE = Bucket("sign_in_device", rate=5 / 60, burst=5)
"""On a device of the user's own, once there are none of the name's: whoever uses those up keeps nobody out there."""
FAILED_SIGN_INS_PER_ADDRESS = _stated("sign_in_address")
WRONG_PASSWORDS_PER_SESSION = Bucket("password_session", rate=5 / 60, burst=5)
"""Of who is signed in already: whoever tries names at the door does not keep them from changing their password."""
SIGN_INS_PER_USER = Bucket("sign_in_user", rate=1, burst=300)
"""Of those that succeed, so nobody else can use them up: each is a hash of a password, and a signature."""
SIGN_INS_PER_ADDRESS = _stated("sign_in_from")
"""So, too, and so many that no one user can use them up for who else is behind it."""
SIGN_UPS_PER_ADDRESS = _stated("sign_up_address")
COMMANDS = Bucket("commands", rate=20, burst=60)
"""Messages; an edit, a deletion or a reaction counts as one."""
SIGNALS = Bucket("signals", rate=10, burst=30)
"""How far one has read, what one was delivered, whom one watches, how one is, pings, frames of no action: together."""
NEW_CONVERSATIONS = Bucket("new_conversations", rate=10 / 60, burst=60)
PUSH_REGISTRATIONS = Bucket("push_registrations", rate=10 / 60, burst=30)
"""Each asks a platform, and may leave an endpoint there for an hour."""
REPORTS = Bucket("reports", rate=10 / 60, burst=30)
"""Each is a row until an operator has looked at it."""
TYPING = Bucket("typing", rate=1 / 2, burst=1)
"""Of one user in one conversation; what is over it is not passed on."""
TYPING_PER_USER = Bucket("typing_user", rate=10, burst=30)
"""In all conversations together, also such as one does not belong to: nobody has others looked up without end."""

BUCKETS = {
    bucket.name: bucket
    for bucket in (
        *(HTTP_PER_USER, COMMANDS, SIGNALS, TYPING, TYPING_PER_USER, NEW_CONVERSATIONS, SIGN_UPS_PER_ADDRESS),
        *(PUSH_REGISTRATIONS, REPORTS),
        *(WRONG_PASSWORDS_PER_SESSION, FAILED_SIGN_INS_PER_DEVICE),
        *(FAILED_SIGN_INS_PER_NAME, FAILED_SIGN_INS_PER_ADDRESS, SIGN_INS_PER_USER, SIGN_INS_PER_ADDRESS),
    )
}
"""By name. A stage may have other rates (`limits` of infra/config.py)."""


def adjusted(rates: Mapping[str, tuple[float, int]]) -> Mapping[str, Bucket]:
    """
    The buckets that have other rates, with them: tokens a second, and how many a bucket holds.

    Raises:
        ValueError: there is no such bucket.
    """
    if unknown := rates.keys() - BUCKETS.keys():
        raise ValueError(f"no such limits: {', '.join(sorted(unknown))}")
    return {name: Bucket(name, rate=rate, burst=burst) for name, (rate, burst) in rates.items()}
