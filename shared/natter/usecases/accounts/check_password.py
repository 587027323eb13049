"""Whether somebody knows a user's password."""

from collections.abc import Sequence
from dataclasses import dataclass

from natter.domain.accounts.credentials import Credentials
from natter.domain.accounts.users import is_username
from natter.domain.errors import BadCredentials, RateLimited
from natter.domain.ids import DeviceId, SessionId, UserId
from natter.domain.limits import (
    FAILED_SIGN_INS_PER_ADDRESS,
    FAILED_SIGN_INS_PER_DEVICE,
    FAILED_SIGN_INS_PER_NAME,
    SIGN_INS_PER_ADDRESS,
    SIGN_INS_PER_USER,
    WRONG_PASSWORDS_PER_SESSION,
    Bucket,
)
from natter.ports.accounts import Devices, Passwords, Users
from natter.ports.limits import RateLimits

NOBODY = UserId(".")
"""Of no user."""


@dataclass(frozen=True, kw_only=True)
class CheckPassword:
    """
    An unknown name and a wrong password are the same: in the answer, in the work done, in what is counted.

    Raises:
        BadCredentials: nobody of that name has that password.
        RateLimited: there were too many of late, of this name or from this address. Right ones are counted apart from
            wrong ones: only who knows a password can use them up.
        Unavailable: the users' store did not answer in time.
    """

    users: Users
    devices: Devices
    passwords: Passwords
    limits: RateLimits
    per_address: bool
    """Whether addresses are limited."""

    def __call__(
        self,
        username: str,
        *passwords: str,
        address: str,
        session: SessionId | None = None,
        device: DeviceId | None = None,
    ) -> Credentials:
        """
        The credentials that one of `passwords` opens, the first that does; each that is tried counts.

        `session`: of who is signed in as this user, and proves it once more. Their wrong ones are counted apart from
        those of whoever tries to sign in: neither keeps the other out. `device`: on which somebody wants to sign in.
        """
        # The look-up comes first: when it fails, nothing has been counted as a failed attempt.
        known = self.users.credentials(username) if is_username(username) else None
        right = [(SIGN_INS_PER_USER, username)]
        if self.per_address:
            right.append((SIGN_INS_PER_ADDRESS, address))
        if session is not None:
            wrong = [(WRONG_PASSWORDS_PER_SESSION, str(session))]
        else:
            wrong = [(FAILED_SIGN_INS_PER_ADDRESS, address)] if self.per_address else []
            wrong.append(self._share(username, known, device))
        for each in wrong:
            self.limits.look(*each)
        self._take(right)
        tried, matches = self._try(known, passwords)
        try:
            self._tell(wrong, matches=matches, tried=tried)
        except RateLimited:
            self._give_back(right)
            raise
        if known is None or not matches:
            self._give_back(right)
            raise BadCredentials
        return known

    def _share(self, username: str, known: Credentials | None, device: DeviceId | None) -> tuple[Bucket, str]:
        """
        Of which tokens a wrong one takes: those of the name, which whoever knows it can use up; then, on a device that
        they have signed in on, of which nobody else knows, of its own.
        """
        of_name = FAILED_SIGN_INS_PER_NAME, username
        if device is None:
            return of_name
        try:
            self.limits.look(*of_name)
        except RateLimited:
            user = NOBODY if known is None else known.user_id  # asked all the same: it takes as long
            if self.devices.has(user, device):
                return FAILED_SIGN_INS_PER_DEVICE, f"{user}:{device}"
        return of_name

    def _try(self, known: Credentials | None, passwords: Sequence[str]) -> tuple[int, bool]:
        """How many were tried, and whether the last of them is right."""
        password_hash = known.password_hash if known else None
        for number, password in enumerate(passwords, 1):
            if self.passwords.verify(password_hash, password):
                return number, True
        return len(passwords), False

    def _tell(self, wrong: Sequence[tuple[Bucket, str]], *, matches: bool, tried: int) -> None:
        """
        Only who has tokens left is told whether one was right, so that as many attempts as one likes, made at the same
        time, tell no more than one after the other. Who is told nothing pays all the same, right or wrong: they do not
        come again as soon as there is a token, for each is a hash of a password, and how long others have to wait then
        does not tell it either.

        The address comes first: one that is refused takes nothing of the names that it tries, whose owners come from
        elsewhere.
        """
        for bucket, key in wrong:
            if not matches:
                self.limits.charge(bucket, key, tried)
                continue
            try:
                self.limits.look(bucket, key, tried)
            except RateLimited:
                self.limits.charge(bucket, key, tried)
                raise

    def _take(self, buckets: Sequence[tuple[Bucket, str]]) -> None:
        """All or none."""
        for number, (bucket, key) in enumerate(buckets):
            try:
                self.limits.take(bucket, key)
            except RateLimited:
                self._give_back(buckets[:number])
                raise

    def _give_back(self, buckets: Sequence[tuple[Bucket, str]]) -> None:
        for bucket, key in buckets:
            self.limits.give_back(bucket, key)
