"""Ports to users, their sessions and the secrets that prove who somebody is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from natter.domain.accounts.credentials import Credentials, PublicKey, Recognised, SessionState
from natter.domain.accounts.identities import Identity
from natter.domain.accounts.notifications import Notifications
from natter.domain.accounts.refresh_tokens import RefreshToken, TokenDigests
from natter.domain.accounts.users import (
    KnownDevice,
    Principal,
    ProfileChange,
    PushTarget,
    Session,
    SessionPlace,
    User,
)
from natter.domain.ids import DeviceId, SessionId, UserId


class Users(Protocol):
    """
    Who there is. Names are unique for ever.

    What `add` returned from is found by every look-up that begins afterwards. All methods raise `Unavailable`
    when the store does not answer in time.
    """

    def add(self, user: User, password_hash: str) -> None:
        """
        Add `user`. Adding the same `user_id` again changes nothing.

        Raises:
            UsernameTaken: somebody else has the name, also when both ask at once.
        """

    def by_id(self, user: UserId) -> User | None: ...

    def by_name(self, username: str) -> User | None: ...

    def credentials(self, username: str) -> Credentials | None: ...

    def change_profile(self, user: UserId, change: ProfileChange) -> User | None:
        """The user as changed; None if there is nobody of that id, or they are erased."""

    def replace_password(self, known: Credentials, password_hash: str) -> bool:
        """
        Put `password_hash` in the place of the one of `known`; False, and nothing changed, if that is not the
        present one. Repeating a call that succeeded succeeds again.
        """


class Sessions(Protocol):
    """
    Sessions and their refresh tokens: the truth, behind `SessionStates`.

    A session lives from when it is opened until it is ended, or was not refreshed for `SESSION_IDLE_MS` as of `at`:
    nothing has to be done for that to hold. All times are in milliseconds.

    All methods raise `Unavailable` when the store does not answer in time.
    """

    def open(self, session: Session, digests: TokenDigests) -> None:
        """
        Begin `session`, and note its device (a known one keeps what is not said anew). Repeating it is safe.

        Raises:
            BadCredentials: the user is erased. Of that and this, whichever comes second sees the other.
        """

    def recognise(self, shown: RefreshToken, *, at: int) -> "Recognised | None":
        """The session that gave out `shown`, whether it lives or not; None if none did."""

    def rotate(self, shown: RefreshToken, following: RefreshToken, *, at: int) -> bool:
        """
        Give `following` for `shown`, as `Turns` allows, and note that session and device were used; False, and
        nothing changed, if the session does not live, or `shown` is spent. Calls at the same time take their turns:
        of those that show the same token two succeed, the second within the grace after the first. Repeating a call
        that succeeded, with the same two tokens, succeeds again.
        """

    def is_live(self, session: SessionId, *, at: int) -> bool: ...

    def live_among(self, sessions: Collection[SessionId], *, at: int) -> frozenset[SessionId]:
        """Those of `sessions` that live."""

    def find(self, session: SessionId) -> Session | None: ...

    def of_user(self, user: UserId, *, after: SessionPlace | None, limit: int, at: int) -> Sequence[Session]:
        """The first `limit` live ones behind `after`, the one used last first."""

    def ids_of_user(self, user: UserId, *, but: SessionId | None, beyond: int, at: int) -> Sequence[SessionId]:
        """All live ones but `but`, the one used last first, without the first `beyond`."""

    def end(self, sessions: Collection[SessionId], *, at: int) -> None:
        """
        End them, for ever. A device on which none lives any more loses its registration for pushes.

        Ending one again, or one that does not exist, changes nothing.
        """

    def prune(self, *, ended_before: int, limit: int, at: int) -> int:
        """
        End up to `limit` that were not refreshed for too long, as `end` does; and forget up to `limit` that ended
        before `ended_before`, with devices on which no other was begun. Returns how many were ended and forgotten.
        """


class SessionStates(Protocol):
    """
    What is known of sessions close at hand; forgets, and is behind `Sessions` by at most the time of one call.

    "ended" is never replaced by "live": whoever read "live" from the truth before it ended cannot undo the end.
    All methods raise `Unavailable` when it does not answer in time.
    """

    def get(self, session: SessionId) -> SessionState | None:
        """Its state, or None if nothing is known."""

    def note_live(self, session: SessionId) -> None:
        """Remember that it was live, unless something is known."""

    def note_ended(self, sessions: Collection[SessionId]) -> None:
        """Remember that they ended, whatever was known, for as long as a connection of theirs may live."""


class Tickets(Protocol):
    """Single-use tickets. Both methods raise `Unavailable` when the store does not answer in time."""

    def put(self, ticket: str, principal: Principal, *, ttl_s: int) -> None: ...

    def take(self, ticket: str) -> Principal | None:
        """Whom it was made for; None if it is unknown, too old, or was taken before: one taker gets it."""


class Passwords(Protocol):
    """Slow on purpose: each call costs tens of milliseconds and of mebibytes."""

    def hash(self, password: str) -> str: ...

    def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether `password` made the hash. None (nobody of that name) is False after the same work."""


class AccessTokens(Protocol):
    """Signed statements of who somebody is, valid for a while, whatever happens to the session meanwhile."""

    def issue(self, principal: Principal, *, at: int, ttl_s: int) -> str:
        """
        Raises:
            Unavailable: the signer did not answer in time.
        """

    def read(self, token: str) -> Principal:
        """
        The principal of a token that we issued and that has not expired.

        Raises:
            Unauthenticated: anything else.
            Unavailable: the public key could not be fetched.
        """


class TokenKeys(Protocol):
    """The keys of our access tokens, for others who want to check them."""

    def public_keys(self) -> Sequence[PublicKey]:
        """
        Of every token that is accepted now, or will be after the next step of a rotation.

        Raises:
            Unavailable: one could not be fetched in time.
        """


class IdentityProvider(Protocol):
    """Somebody else who knows who people are, and signs it."""

    def identify(self, id_token: str) -> Identity:
        """
        Whom `id_token` is about.

        Raises:
            BadCredentials: it is not one that the provider made for us, or not valid now.
            Unavailable: the provider's keys could not be fetched in time.
        """


class Identities(Protocol):
    """Which users the identities of providers are. Both methods raise `Unavailable` as `Users` does."""

    def find(self, identity: Identity) -> UserId | None: ...

    def add(self, identity: Identity, user: User) -> UserId:
        """
        Add `user`, who has no password, as the one whom `identity` is. Returns who that is: whoever was added first,
        also when several ask at once; nothing of the later ones remains.

        Raises:
            UsernameTaken: somebody else has the name. Nothing was added.
        """


class Profiles(Protocol):
    """People as others see them: across a block, either way, nobody is there."""

    def by_id(self, user: UserId, *, seen_by: UserId) -> User | None: ...

    def by_name(self, username: str, *, seen_by: UserId) -> User | None: ...


class Contacts(Protocol):
    """Whom each user keeps as a contact. One across a block is kept, and not shown while the block lasts."""

    def add(self, user: UserId, contact: UserId, *, at: int) -> bool:
        """Keep `contact`; False, and nothing changed, if there is no such user, or across a block. May be repeated."""

    def remove(self, user: UserId, contact: UserId) -> None:
        """Not being there is fine."""

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        """The first `limit` contacts of `user` behind `after`."""


class Blocks(Protocol):
    """
    Whom each user has blocked: a block is of one user, and works both ways.

    What is changed here is not known yet to whoever remembers who may write to whom. With the change it is noted which
    roster has to be replaced: see `Conversations.stale_between`.
    """

    def add(self, user: UserId, blocked: UserId, *, at: int) -> bool:
        """Block `blocked`, who may have blocked `user`; False if there is no such user. May be repeated."""

    def remove(self, user: UserId, blocked: UserId, *, at: int) -> None:
        """Not being there is fine. A block of the other one's stays."""

    def across(self, pairs: Collection[tuple[UserId, UserId]]) -> frozenset[tuple[UserId, UserId]]:
        """Those of `pairs` of whom one has blocked the other, as they were given."""

    def of(self, user: UserId, *, after: UserId | None, limit: int) -> Sequence[User]:
        """The first `limit` whom `user` has blocked, behind `after`."""


class NotificationSettings(Protocol):
    """
    How users want to be notified, whatever the conversation.

    Both methods raise `Unavailable` when the store does not answer in time; it may have been changed all the same.
    """

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Notifications]:
        """Of each of `users`: the default, where nobody has said anything."""

    def change(self, user: UserId, change: Callable[[Notifications], Notifications]) -> Notifications | None:
        """What `change` made of it, alone: two wait for each other. None: there is no such user, or they are erased."""


class Devices(Protocol):
    """
    The devices on which users have signed in.

    A registration for pushes ends with the last live session of its device (`Sessions.end`), and needs one: of a
    registration and the end of the last session, whichever comes second sees the other.
    All methods raise `Unavailable` when the store does not answer in time.
    """

    def of(self, user: UserId, *, after: DeviceId | None, limit: int) -> Sequence[KnownDevice]:
        """The first `limit` devices of `user` behind `after`, in the order of their ids."""

    def has(self, user: UserId, device: DeviceId) -> bool:
        """Whether `user` has signed in on `device`, and that is not forgotten."""

    def register_push(
        self, user: UserId, device: DeviceId, target: PushTarget, *, endpoint: str | None, at: int
    ) -> bool:
        """
        Wake the device there from now on, and no other device: a token belongs to who registered it last. Of more than
        `MAX_REGISTRATIONS` devices of a user, the one that registered longest ago is woken no more.

        `endpoint` is what `PushEndpoints` has made of it. False, and nothing changed, unless `user` is signed in on
        `device`. Repeating it is safe.
        """

    def drop_push(self, user: UserId, device: DeviceId) -> bool:
        """Wake it no more; False if `user` has no such device. Not being registered is fine."""
