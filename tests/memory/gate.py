"""`Gate` of any admission, any limits and any registry, one after the other."""

from collections.abc import Callable

from natter.domain.connections import Connection
from natter.domain.conversations.roster import ACROSS_A_BLOCK
from natter.domain.errors import Forbidden, NotMember, Unauthenticated
from natter.domain.ids import ConversationId, UserId
from natter.domain.limits import Bucket
from natter.ports.conversations import Admission
from natter.ports.delivery import Connections
from natter.ports.gate import Entered, Gate
from natter.ports.limits import RateLimits
from natter.ports.messages import Backlogs
from natter.usecases.accounts.authenticate import CheckSession


class MemoryGate:
    def __init__(
        self,
        admission: Admission,
        limits: RateLimits,
        connections: Connections,
        check_session: CheckSession,
        *,
        backlogs: Backlogs,
        partition_of: Callable[[ConversationId], int],
    ) -> None:
        self._admission = admission
        self._limits = limits
        self._connections = connections
        self._check_session = check_session
        self._backlogs = backlogs
        self._partition_of = partition_of

    def admit(self, connection: Connection, bucket: Bucket | None) -> None:
        self._check(connection)
        if bucket is not None:
            self._limits.take(bucket, connection.user_id)

    def enter(
        self,
        conversation: ConversationId,
        user: UserId,
        bucket: Bucket,
        cost: int = 1,
        *,
        origin: Connection | None = None,
    ) -> Entered:
        if origin is not None:
            self._check(origin)
        self._limits.take(bucket, user, cost)
        admitted = self._admission.roster(conversation).admit(user)
        if admitted is None:
            raise NotMember
        if admitted.blocked:
            raise Forbidden(ACROSS_A_BLOCK)
        partition = self._partition_of(conversation)
        return Entered(told=admitted.told, backlog=self._backlogs.get([partition]).get(partition))

    def _check(self, connection: Connection) -> None:
        state = self._check_session.states.get(connection.session_id)
        if state == "ended":
            raise Unauthenticated
        registered = self._connections.of([connection.user_id]).get(connection.user_id, ())
        if state is None and connection not in registered:
            self._check_session(connection.session_id)


_: type[Gate] = MemoryGate
