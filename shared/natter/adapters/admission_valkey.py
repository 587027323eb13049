"""
`Admission` by a snapshot in Valkey, PostgreSQL behind it.

`members:{conversation}` is a hash of user to role, with the conversation's version; a snapshot is replaced only
by one of the same or a later version, so a slow reader cannot put an old one back.
"""

import logging
from typing import cast

from natter.adapters.valkey import Valkey
from natter.domain.conversations import Role
from natter.domain.errors import Unavailable
from natter.domain.ids import ConversationId, UserId
from natter.ports.conversations import Admission, Conversations, Roster

_logger = logging.getLogger(__name__)

TTL_S = 3600
VERSION = ".version"
"""Not a possible user id."""

REPLACE = """
local known = tonumber(redis.call('HGET', KEYS[1], '.version'))
if known and known > tonumber(ARGV[1]) then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '.version', ARGV[1])
for index = 3, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 1])
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
                version, role = client.hmget(_key(conversation), VERSION, user)
        except Unavailable as error:
            _logger.warning("admission asks the database: %s", error)
            return self._conversations.roles(conversation).roles.get(user)
        if version is not None:
            return cast("Role | None", role)
        roster = self._conversations.roles(conversation)
        self._remember(conversation, roster)
        return roster.roles.get(user)

    def _remember(self, conversation: ConversationId, roster: Roster) -> None:
        if not roster.roles:
            return  # nobody should be able to fill the cache with conversations that do not exist
        members = [text for entry in roster.roles.items() for text in entry]
        try:
            with self._valkey.client() as client:
                client.eval(REPLACE, 1, _key(conversation), roster.version, TTL_S, *members)
        except Unavailable as error:
            _logger.warning("a snapshot of members was not cached: %s", error)


def _key(conversation: ConversationId) -> str:
    return f"members:{conversation}"


_: type[Admission] = ValkeyAdmission
