"""`Reports` in memory, for tests of what uses them."""

from collections.abc import Sequence
from dataclasses import replace

from natter.domain.ids import ConversationId, UserId
from natter.domain.operations import Report
from natter.ports.operations import Reports


class MemoryReports:
    def __init__(self) -> None:
        self._reports: dict[tuple[ConversationId, int, UserId], Report] = {}

    def add(self, report: Report) -> None:
        self._reports[report.conversation_id, report.seq, report.reporter] = report

    def of(self, conversation: ConversationId) -> Sequence[Report]:
        return [report for report in self._reports.values() if report.conversation_id == conversation]

    def forget(self, user: UserId) -> None:
        for place, report in self._reports.items():
            if report.reporter == user:
                self._reports[place] = replace(report, reason="(deleted)")


_: type[Reports] = MemoryReports
