"""
`PushRegistrations` and `AbandonedEndpoints` on PostgreSQL.

Triggers of the database note endpoints as abandoned. While one is removed, its row is locked: who claims its token
waits.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet

from natter.adapters.postgres.client import Cursor, Postgres
from natter.adapters.postgres.devices import FORGET_ABANDONED
from natter.domain.accounts.users import PushTarget
from natter.domain.ids import UserId
from natter.domain.push.registrations import Registration
from natter.ports.push import AbandonedEndpoints, PushRegistrations

_OF_USERS = """
    SELECT user_id, device_id, provider, token, endpoint, registered_at
    FROM push_registrations WHERE user_id = ANY(%s::id[]) ORDER BY user_id, device_id
"""
_AMONG = "SELECT DISTINCT user_id FROM push_registrations WHERE user_id = ANY(%s::id[])"
_FORGET = """
    DELETE FROM push_registrations p USING unnest(
        %(users)s::id[], %(devices)s::id[], %(providers)s::text[], %(tokens)s::text[], %(ats)s::bigint[]
    ) dead (user_id, device_id, provider, token, registered_at)
    WHERE p.user_id = dead.user_id AND p.device_id = dead.device_id
    AND p.provider = dead.provider AND p.token = dead.token AND p.registered_at <= dead.registered_at
"""
_CLAIM = """
    UPDATE abandoned_endpoints SET since = greatest(since, %(at)s) WHERE provider = %(provider)s AND token = %(token)s
"""
_NOTE = """
    INSERT INTO abandoned_endpoints (provider, token, endpoint, since)
    SELECT %(provider)s, %(token)s, %(endpoint)s, %(at)s
    WHERE NOT EXISTS (SELECT FROM push_registrations WHERE provider = %(provider)s AND token = %(token)s)
    ON CONFLICT (provider, token) DO UPDATE SET endpoint = excluded.endpoint, since = excluded.since
"""
_HOLD_ABANDONED = """
    SELECT provider, token, endpoint FROM abandoned_endpoints
    WHERE since < %(before)s ORDER BY since LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_REGISTERED = "SELECT FROM push_registrations WHERE provider = %(provider)s AND token = %(token)s"


class PostgresPushRegistrations:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def of(self, users: Collection[UserId]) -> Mapping[UserId, Sequence[Registration]]:
        found: dict[UserId, list[Registration]] = defaultdict(list)
        for row in self._postgres.query(_OF_USERS, (list(users),)):
            target = PushTarget(provider=row.pop("provider"), token=row.pop("token"))
            found[row["user_id"]].append(Registration(target=target, **row))
        return dict(found)

    def among(self, users: Collection[UserId]) -> AbstractSet[UserId]:
        return frozenset(row["user_id"] for row in self._postgres.query(_AMONG, (list(users),)))

    def forget(self, registrations: Collection[Registration]) -> None:
        row = {
            "users": [each.user_id for each in registrations],
            "devices": [each.device_id for each in registrations],
            "providers": [each.target.provider for each in registrations],
            "tokens": [each.target.token for each in registrations],
            "ats": [each.registered_at for each in registrations],
        }
        if registrations:
            self._postgres.query(_FORGET, row)


class PostgresAbandonedEndpoints:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def claim(self, target: PushTarget, *, at: int) -> None:
        self._postgres.query(_CLAIM, {**_token(target), "at": at})

    def note(self, target: PushTarget, endpoint: str, *, at: int) -> None:
        self._postgres.query(_NOTE, {**_token(target), "endpoint": endpoint, "at": at})

    def remove_one(self, remove: Callable[[str], None], *, abandoned_before: int) -> bool:
        def work(cursor: Cursor) -> bool:
            while (held := cursor.execute(_HOLD_ABANDONED, {"before": abandoned_before}).fetchone()) is not None:
                is_free = cursor.execute(_REGISTERED, held).fetchone() is None
                if is_free:
                    remove(held["endpoint"])
                cursor.execute(FORGET_ABANDONED, held)
                if is_free:
                    return True
            return False

        return self._postgres.run(work)


def _token(target: PushTarget) -> dict[str, str]:
    return {"provider": target.provider, "token": target.token}


_registrations: type[PushRegistrations] = PostgresPushRegistrations
_abandoned: type[AbandonedEndpoints] = PostgresAbandonedEndpoints
