"""The ports of pushing, in memory."""

from collections import defaultdict
from collections.abc import Sequence

from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.push.bursts import Claim, Claimed, Woken, claim, release
from natter.domain.push.waves import Wave
from natter.ports.push import PushMarks, WaveQueue


class MemoryPushMarks:
    def __init__(self) -> None:
        self._woken: defaultdict[tuple[ConversationId, UserId, DeviceId], Woken] = defaultdict(Woken)

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        results = []
        for each in claims:
            key = each.conversation_id, each.user_id, each.device_id
            self._woken[key], claimed = claim(self._woken[key], seq=each.seq, at=each.at, now=now)
            results.append(claimed)
        return results

    def release(self, claims: Sequence[Claim]) -> None:
        for each in claims:
            key = each.conversation_id, each.user_id, each.device_id
            self._woken[key] = release(self._woken[key], seq=each.seq)

    def lose(self) -> None:
        """The cache restarts empty."""
        self._woken.clear()


class MemoryWaveQueue:
    def __init__(self) -> None:
        self.waiting: list[tuple[int, Wave]] = []
        """With the seconds after which each is handed out."""

    def add(self, waves: Sequence[Wave], *, delay_s: int = 0) -> None:
        self.waiting += [(delay_s, wave) for wave in waves]


_marks: type[PushMarks] = MemoryPushMarks
_queue: type[WaveQueue] = MemoryWaveQueue
