"""
`Admission` by a snapshot in Valkey, PostgreSQL behind it.

`members:{conversation}` is a hash of user to role, with the conversation's kind and version, and a mark if it is a
direct one across a block; a snapshot is replaced only by one of the same or a later version, so a slow reader cannot
put an old one back.
"""

import logging
from collections.abc import Sequence
from typing import Any, cast

from natter.adapters.valkey.client import Valkey
from natter.domain.conversations.members import Kind, Role
from natter.domain.conversations.roster import Admitted, Roster
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import Admission, Conversations

_logger = logging.getLogger(__name__)

TTL_S = 3600
VERSION = ".version"
KIND = ".kind"
BLOCKED = ".blocked"
"""Not possible user ids."""

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
    def __init__(self, valkey: Valkey, conversations: Conversations) -> None:
        self._valkey = valkey
        self._conversations = conversations

    def role(self, conversation: ConversationId, user: UserId) -> Role | None:
        try:
            with self._valkey.client() as client:
                found = look_up(client, conversation, user)
        except Unavailable as error:
            return self.asked(conversation, error).roles.get(user)
        admitted = self.resolved(conversation, user, found)
        return None if admitted is None else admitted.role

    def roster(self, conversation: ConversationId) -> Roster:
        try:
            with self._valkey.client() as client:
                fields: dict[str, str] = client.hgetall(_key(conversation))
        except Unavailable as error:
            return self.asked(conversation, error)
        if KIND not in fields:
            return self._remembered(conversation)
        return Roster(
            version=int(fields.pop(VERSION)),
            kind=cast("Kind", fields.pop(KIND)),
            blocked=fields.pop(BLOCKED, None) is not None,
            roles={UserId(user): cast("Role", role) for user, role in fields.items()},
        )

    def replace(self, conversation: ConversationId) -> None:
        self._store(conversation, self._conversations.roles(conversation))

    def resolved(self, conversation: ConversationId, user: UserId, found: Sequence[str | None]) -> Admitted | None:
        """The user as a member, by what `look_up` found; by the database if that was nothing."""
        version, blocked, role = found
        if version is None:
            return self._remembered(conversation).admit(user)
        return None if role is None else Admitted(role=cast("Role", role), blocked=blocked is not None)

    def asked(self, conversation: ConversationId, error: Unavailable) -> Roster:
        """What the database says, while the cache does not answer."""
        _logger.warning("admission asks the database: %s", error)
        return self._conversations.roles(conversation)

    def _remembered(self, conversation: ConversationId) -> Roster:
        """What the database says, for the next one to find in the cache."""
        roster = self._conversations.roles(conversation)
        try:
            self._store(conversation, roster)
        except Unavailable as error:
            _logger.warning("a snapshot of members was not cached: %s", error)
        return roster

    def _store(self, conversation: ConversationId, roster: Roster) -> None:
        if roster.kind is None:
            return  # nobody should be able to fill the cache with conversations that do not exist
        fields: list[str] = [text for entry in roster.roles.items() for text in entry]
        if roster.blocked:
            fields += [BLOCKED, "1"]
        with self._valkey.client() as client:
            client.eval(REPLACE, 1, _key(conversation), roster.version, TTL_S, roster.kind, *fields)


def look_up(client: Any, conversation: ConversationId, user: UserId) -> Any:
    """
    With a client or a pipeline of one: the snapshot's version, its mark of a block and the user's role in it; None
    where it has none.
    """
    return client.hmget(_key(conversation), VERSION, BLOCKED, user)


def _key(conversation: ConversationId) -> str:
    return f"members:{conversation}"


_: type[Admission] = ValkeyAdmission
