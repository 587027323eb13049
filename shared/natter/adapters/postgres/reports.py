"""`Reports` on PostgreSQL, where operators read them with SQL (docs/runbooks/reports.md)."""

from dataclasses import asdict

from natter.adapters.postgres.client import Postgres
from natter.domain.operations import Report
from natter.ports.operations import Reports

_ADD = """
    INSERT INTO reports (conversation_id, seq, reporter_id, sender_id, reason, reported_at)
    VALUES (%(conversation_id)s, %(seq)s, %(reporter)s, %(sender)s, %(reason)s, %(at)s)
    ON CONFLICT (conversation_id, seq, reporter_id)
    DO UPDATE SET reason = excluded.reason, reported_at = excluded.reported_at
"""


class PostgresReports:
    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    def add(self, report: Report) -> None:
        self._postgres.query(_ADD, asdict(report))


_: type[Reports] = PostgresReports
