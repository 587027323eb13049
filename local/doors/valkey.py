"""
In front of Valkey: ElastiCache Serverless with TLS and IAM.

The password is a presigned request `connect` to the cache, good for fifteen minutes, and a connection is cut after
twelve hours ("Authenticating with IAM", ElastiCache user guide). Behind the door the client is an ACL user with the
access string of the template, whose password only the door knows.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar

from local.assembly import Resolver, Resource

from .calls import Call
from .door import SIGN_IN_S, Line, Refused, both, carry, engine
from .identities import BadSignature, Identity, Presigned, read_presigned
from .resp import Commands
from .role_door import RoleDoor
from .tally import Passed

LONGEST_S = 900
LIFE_S = 12 * 3600.0
_MOST_ARGUMENTS = 32
_LONGEST_ARGUMENT = 16 * 1024
_WRONG = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
_WHO = b"-NOAUTH Authentication required.\r\n"


@dataclass(frozen=True)
class CacheUser:
    """A user of a cache, as the template has it: what `access` says is what Valkey's `ACL SETUSER` takes."""

    name: str
    cache: str
    access: str
    arns: tuple[str, ...] = ()
    """What a role needs `elasticache:Connect` on: the cache and the user."""


class ValkeyDoor(RoleDoor):
    name: ClassVar[str] = "valkey"
    users: Mapping[str, CacheUser] = MappingProxyType({})
    life_s: float = LIFE_S
    _password: ClassVar[str] = secrets.token_hex(32)

    async def serve(self, client: Line) -> None:
        async with asyncio.timeout(SIGN_IN_S):
            user, identity = await self._sign_in(client)
        async with engine(self._behind) as valkey:
            await self._become(valkey, user)
            await client.send(b"+OK\r\n")
            self._admit(identity)
            async with asyncio.timeout(self.life_s):
                await both(carry(client, valkey, seen=self._counting(identity)), carry(valkey, client))

    def _counting(self, identity: Identity) -> Callable[[bytes], None]:
        commands = Commands()

        def count(data: bytes) -> None:
            for name, size in commands.hear(data):
                self._access.tally.add(Passed(self.name, identity.role, name), size=size)

        return count

    async def _sign_in(self, client: Line) -> tuple[CacheUser, Identity]:
        while True:
            command, *arguments = await _command(client)
            if command.upper() != b"AUTH":
                await client.send(_WHO)
                continue
            try:
                name, password = (argument.decode() for argument in arguments)
                return self._known(name, password)
            except (BadSignature, ValueError) as error:
                await client.send(_WRONG)
                raise Refused(str(error)) from error

    def _known(self, name: str, password: str) -> tuple[CacheUser, Identity]:
        now = datetime.now(UTC)
        signed = read_presigned(
            password, self._identities, service="elasticache", region=self._region, now=now, longest_s=LONGEST_S
        )
        user, role = self.users.get(name), signed.identity.role
        if user is None or not _is_for(signed, user, password):
            raise BadSignature(f"a token of {role} that is not for the user {name}")
        calls = (Call("elasticache:Connect", arn) for arn in user.arns)
        if (refusal := self._access.refusal(self.name, role, *calls)) is not None:
            raise BadSignature(str(refusal))
        return user, signed.identity

    async def _become(self, valkey: Line, user: CacheUser) -> None:
        """Made anew each time: Valkey forgets its users when it restarts."""
        rules = ["reset", *user.access.split(), f">{self._password}"]
        await valkey.send(_request(["ACL", "SETUSER", user.name, *rules]))
        await valkey.send(_request(["AUTH", user.name, self._password]))
        for _ in range(2):
            answer = await valkey.reader.readuntil(b"\r\n")
            if answer != b"+OK\r\n":
                raise Refused(f"Valkey does not take the access string of {user.name}: {answer.decode().strip()}")


def cache_users(resolver: Resolver) -> Iterator[CacheUser]:
    """Those whom the template lets into a serverless cache with IAM."""
    by_id = {resolver.attribute(user.stack, user.logical_id, "Ref"): user for user in _all(resolver, "User")}
    groups = {
        resolver.attribute(group.stack, group.logical_id, "Ref"): resolver.properties(group, "UserIds")["UserIds"]
        for group in _all(resolver, "UserGroup")
    }
    for cache in _all(resolver, "ServerlessCache"):
        name, arn = (str(resolver.attribute(cache.stack, cache.logical_id, each)) for each in ("Ref", "ARN"))
        for user_id in groups.get(resolver.properties(cache, "UserGroupId").get("UserGroupId"), ()):
            user = resolver.properties(by_id[user_id], "UserName", "AccessString")
            user_arn = arn.replace(f"serverlesscache:{name}", f"user:{user_id}")
            yield CacheUser(user["UserName"], name, user["AccessString"], (arn, user_arn))


def _all(resolver: Resolver, kind: str) -> Iterable[Resource]:
    return resolver.assembly.resources(f"AWS::ElastiCache::{kind}")


def _is_for(signed: Presigned, user: CacheUser, url: str) -> bool:
    wanted = {"Action": "connect", "User": user.name, "ResourceType": "ServerlessCache"}
    return url.startswith(f"{user.cache}/?") and wanted.items() <= signed.parameters.items()


async def _command(client: Line) -> list[bytes]:
    """
    One command, as clients send it: an array of bulk strings.

    Raises:
        Refused: it is something else, or too long for somebody who has not said who they are.
    """
    count = await _number(client, b"*", _MOST_ARGUMENTS)
    parts = []
    for _ in range(count):
        length = await _number(client, b"$", _LONGEST_ARGUMENT)
        parts.append((await client.reader.readexactly(length + 2))[:-2])
    return parts or [b""]


async def _number(client: Line, kind: bytes, most: int) -> int:
    line = await client.reader.readuntil(b"\r\n")
    digits = line[1:-2]
    if line[:1] != kind or not digits.isdigit() or int(digits) > most:
        await client.send(b"-ERR Protocol error\r\n")
        raise Refused("a client that does not speak RESP, or says too much")
    return int(digits)


def _request(parts: Sequence[str]) -> bytes:
    encoded = [part.encode() for part in parts]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in encoded)
