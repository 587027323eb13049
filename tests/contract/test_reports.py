"""What every `Reports` promises."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import pytest

from natter.adapters.postgres.client import Postgres
from natter.adapters.postgres.conversations import PostgresConversations
from natter.adapters.postgres.reports import PostgresReports
from natter.adapters.postgres.users import PostgresUsers
from natter.domain.conversations.members import Member
from natter.domain.conversations.records import NewConversation
from natter.domain.ids import ConversationId, UserId, new_id
from natter.domain.operations import Report
from natter.ports.operations import Reports
from tests.identity import a_user
from tests.memory.reports import MemoryReports
from tests.messages import ANN, BOB, LOBBY, NOON


class Desk(Protocol):
    """Reports, and the operator's look at them."""

    reports: Reports
    report: Report

    def found(self) -> Sequence[Report]: ...


class MemoryDesk:
    def __init__(self) -> None:
        self.memory = MemoryReports()
        self.reports: Reports = self.memory
        self.report = a_report(LOBBY, ANN, BOB)

    def found(self) -> Sequence[Report]:
        return self.memory.of(LOBBY)


class PostgresDesk:
    def __init__(self, postgres: Postgres) -> None:
        self.postgres = postgres
        self.reports: Reports = PostgresReports(postgres)
        users = PostgresUsers(postgres)
        ann, bob = a_user(), a_user()
        for user in (ann, bob):
            users.add(user, "hash")
        new = NewConversation(
            conversation_id=ConversationId(new_id()),
            kind="group",
            title="Lobby",
            history="joined",
            created_by=ann.user_id,
            created_at=NOON,
            members=(Member(user_id=ann.user_id, role="owner"), Member(user_id=bob.user_id, role="member")),
        )
        PostgresConversations(postgres).create(new)
        self.report = a_report(new.conversation_id, ann.user_id, bob.user_id)

    def found(self) -> Sequence[Report]:
        rows = self.postgres.query(
            "SELECT conversation_id, seq, reporter_id AS reporter, sender_id AS sender, reason, reported_at AS at"
            " FROM reports WHERE conversation_id = %s ORDER BY seq",
            (self.report.conversation_id,),
        )
        return [Report(**row) for row in rows]


def a_report(conversation: ConversationId, reporter: UserId, sender: UserId) -> Report:
    return Report(conversation_id=conversation, seq=2, reporter=reporter, sender=sender, reason="spam", at=NOON)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.engines)])
def desk(request: pytest.FixtureRequest) -> Desk:
    return MemoryDesk() if request.param == "memory" else PostgresDesk(request.getfixturevalue("postgres"))


class TestReportsContract:
    def test_what_is_reported_is_found(self, desk: Desk) -> None:
        other = replace(desk.report, seq=3, reason="more\nof it: \N{SNOWMAN}" * 50)
        desk.reports.add(desk.report)
        desk.reports.add(other)
        assert list(desk.found()) == [desk.report, other]

    def test_the_same_again_is_the_same(self, desk: Desk) -> None:
        desk.reports.add(desk.report)
        desk.reports.add(desk.report)
        assert list(desk.found()) == [desk.report]

    def test_who_thinks_again_is_heard(self, desk: Desk) -> None:
        later = replace(desk.report, reason="no, worse", at=NOON + 1)
        desk.reports.add(desk.report)
        desk.reports.add(later)
        assert list(desk.found()) == [later]
