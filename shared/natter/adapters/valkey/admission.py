"""
`Admission` by a snapshot in Valkey, PostgreSQL behind it.

`members:{conversation}` is a hash of user to role, with the conversation's kind and version, a mark if it is a direct
one across a block, and one behind each role of which the log was not told yet; a snapshot is replaced only by one of
the same or a later version, so a slow reader cannot put an old one back. Within a version, marks only go away: one that
stays too long makes its member ask again, no more.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from natter.adapters.valkey.client import Valkey
from natter.domain.conversations.members import Kind, Role
from natter.domain.conversations.roster import NO_ROSTER, Admitted, Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import Admission, Conversations

_logger = logging.getLogger(__name__)

TTL_S = 3600
VERSION = ".version"
KIND = ".kind"
BLOCKED = ".blocked"
"""Not possible user ids."""
UNTOLD = "+"
"""Behind a role."""

REPLACE = """
local known = tonumber(redis.call('HGET', KEYS[1], '.version'))
if known and known > tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '.version', ARGV[1], '.kind', ARGV[3])
for index = 4, #ARGV, 1000 do
  redis.call('HSET', KEYS[1], unpack(ARGV, index, math.min(index + 999, #ARGV)))
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""


class ValkeyAdmission:
    """
    Args:
        looked_up: told how many snapshots were there, and how many were not, of those that were asked for.
    """

    def __init__(
        self,
        valkey: Valkey,
        conversations: Conversations,
        looked_up: Callable[[int, int], None] = lambda _hits, _misses: None,
    ) -> None:
        self._valkey = valkey
        self._conversations = conversations
        self._looked_up = looked_up

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        try:
            with self._valkey.client() as client:
                found = look_up(client, conversation, user)
        except Unavailable as error:
            return self.asked(conversation, error).roles.get(user)
        admitted = self.resolved(conversation, user, found)
        return None if admitted is None else admitted.role

    def roster(self, conversation: ConversationId) -> Roster:
        return self.rosters([conversation])[conversation]

    def rosters(self, conversations: Collection[ConversationId]) -> Mapping[ConversationId, Roster]:
        ordered = list(conversations)
        if not ordered:
            return {}
        try:
            with self._valkey.client() as client:
                pipeline = client.pipeline(transaction=False)
                for each in ordered:
                    pipeline.hgetall(_key(each))
                found = dict(zip(ordered, pipeline.execute(), strict=True))
        except Unavailable as error:
            _logger.warning("admission asks the database: %s", error)
            decided = self._conversations.rosters(ordered)
        else:
            missing = [each for each, fields in found.items() if KIND not in fields]
            self._looked_up(len(found) - len(missing), len(missing))
            decided = self._remembered(missing)
            decided = {**decided, **{each: _load(fields) for each, fields in found.items() if KIND in fields}}
        return {each: decided.get(each, NO_ROSTER) for each in ordered}

    def replace(self, conversation: ConversationId) -> None:
        self._store(self._conversations.rosters([conversation]))

    def resolved(self, conversation: ConversationId, user: UserId, found: Sequence[str | None]) -> Admitted | None:
        """The user as a member, by what `look_up` found; by the database if that was nothing."""
        version, blocked, role = found
        self._looked_up(int(version is not None), int(version is None))
        if version is None:
            return self._remembered([conversation]).get(conversation, NO_ROSTER).admit(user)
        if role is None:
            return None
        return Admitted(role=_role(role), blocked=blocked is not None, told=not role.endswith(UNTOLD))

    def asked(self, conversation: ConversationId, error: Unavailable) -> Roster:
        """What the database says, while the cache does not answer."""
        _logger.warning("admission asks the database: %s", error)
        return self._conversations.roles(conversation)

    def _remembered(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, Roster]:
        """What the database says, for the next one to find in the cache."""
        if not conversations:
            return {}
        rosters = self._conversations.rosters(conversations)
        try:
            self._store(rosters)
        except Unavailable as error:
            _logger.warning("a snapshot of members was not cached: %s", error)
        return rosters

    def _store(self, rosters: Mapping[ConversationId, Roster]) -> None:
        """Of those that exist: nobody should be able to fill the cache with conversations that do not."""
        if not rosters:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each, roster in rosters.items():
                pipeline.eval(REPLACE, 1, _key(each), roster.version, TTL_S, roster.kind, *_dump(roster))
            pipeline.execute()


def look_up(client: Any, conversation: ConversationId, user: UserId) -> Any:
    """
    With a client or a pipeline of one: the snapshot's version, its mark of a block and the user's role in it; None
    where it has none.
    """
    return client.hmget(_key(conversation), VERSION, BLOCKED, user)


def _dump(roster: Roster) -> list[str]:
    fields: list[str] = []
    for user, role in roster.roles.items():
        fields += [user, f"{role}{UNTOLD}" if user in roster.untold else role]
    return [*fields, BLOCKED, "1"] if roster.blocked else fields


def _load(fields: Mapping[str, str]) -> Roster:
    roles = {UserId(name): role for name, role in fields.items() if name not in (VERSION, KIND, BLOCKED)}
    return Roster(
        version=int(fields[VERSION]),
        kind=cast("Kind", fields[KIND]),
        blocked=BLOCKED in fields,
        roles={user: _role(role) for user, role in roles.items()},
        untold=frozenset(user for user, role in roles.items() if role.endswith(UNTOLD)),
    )


def _role(text: str) -> Role:
    return cast("Role", text.removesuffix(UNTOLD))


def _key(conversation: ConversationId) -> str:
    return f"members:{conversation}"


_: type[Admission] = ValkeyAdmission
