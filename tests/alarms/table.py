"""
Every alarm, and the fault that makes it ring here; or why nothing here can. The tests of this folder are the faults.

Names are without the stage; what stands in angle brackets stands for many.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from natter import metrics

_WORDS = {
    "<function>": "|".join(metrics.FUNCTIONS),
    "<reader>": "|".join(metrics.STREAMS),
    "<queue>": "slices|files|looks|waves|crowds|rebuilds|closures",
    "<turn>": "relay|erase|rebuild|reconcile",
    "<level>": "connect|send|quick|prompt",
    "<platform>": "apns|apns_sandbox|fcm|webpush",
    "<table>": "[a-z_]+",
    "<n>": r"\d",
}
_WORD = re.compile("|".join(map(re.escape, _WORDS)))


@dataclass(frozen=True, kw_only=True)
class Row:
    alarms: tuple[str, ...]
    fault: str | None = None
    """The test, without `test_`."""
    cannot: str | None = None
    """Why nothing rings them here."""

    def __post_init__(self) -> None:
        assert (self.fault is None) != (self.cannot is None)

    def is_of(self, name: str) -> bool:
        return any(re.fullmatch(_WORD.sub(lambda word: f"({_WORDS[word[0]]})", each), name) for each in self.alarms)


ROWS = (
    Row(alarms=("<function>-errors",), fault="functions_die"),
    Row(
        alarms=("<function>-throttles", "<turn>-standing-still", "ledger-silent", "sockets-executionerror"),
        fault="nobody_is_let_in",
    ),
    Row(alarms=("<reader>-lag", "<reader>-stuck-partition"), fault="the_log_is_not_read"),
    Row(alarms=("<reader>-standstill",), fault="the_log_was_not_read_for_hours"),
    Row(alarms=("<reader>-set-aside", "lost"), fault="records_cannot_be_read"),
    Row(alarms=("unaccounted", "lost"), fault="a_message_is_lost"),
    Row(alarms=("<queue>-age", "<queue>-dead"), fault="queues_are_not_worked"),
    Row(alarms=("registry-lost",), fault="the_cache_forgets"),
    Row(alarms=("erasure-age",), fault="an_erasure_waits"),
    Row(
        alarms=(
            *("<level>-fast", "<level>-fast-1h", "<level>-fast-5m", "users-feel-it"),
            *("<level>-slow", "<level>-slow-6h", "<level>-slow-30m", "<level>-leak-3d", "<level>-level"),
        ),
        fault="users_feel_it",
    ),
    Row(alarms=("http-5xx", "sockets-integrationerror"), fault="engines_are_away"),
    Row(alarms=("http-latency-p99", "sockets-latency-p99"), fault="answers_take_long"),
    Row(alarms=("push-age",), fault="pushes_are_late"),
    Row(alarms=("pushes-<platform>-failing", "pushes-invalid"), fault="pushes_fail"),
    Row(
        alarms=("visit-not-invoked", "visit-standing-still", "visits-failing"),
        cannot="no visitors come by themselves where nobody is to be disturbed: the stage `local` has no such alarms",
    ),
    Row(
        alarms=("ledger-age",),
        cannot="a record has to be ten minutes old by the log's clock, which is the broker's, and nobody can turn it",
    ),
    Row(alarms=("lambda-concurrency",), cannot="what an account claims is a figure of Lambda's alone"),
    Row(
        alarms=("<turn>-not-invoked",),
        cannot="EventBridge counts what it cannot hand over, and here nobody refuses it",
    ),
    Row(
        alarms=("kafka-.+",),
        cannot="MSK reports of its brokers; here is one, whose processors, disk and replicas nobody measures",
    ),
    Row(
        alarms=("keyspaces-<table>-(errors|throttles|refused)",),
        cannot="Keyspaces counts what it refuses; Cassandra, which stands in for it, has no such figures",
    ),
    Row(alarms=("login-age",), cannot="only prod gets another password by a schedule, and after weeks"),
    Row(alarms=("postgres-.+",), cannot="RDS and its proxy report; PostgreSQL here has neither in front of it"),
    Row(alarms=("valkey-.+",), cannot="ElastiCache reports units and limits; Valkey here has none"),
    Row(alarms=("files-5xx",), cannot="S3's own failing; LocalStack measures none of its requests"),
    Row(alarms=("nat-ports-<n>",), cannot="functions here reach the network without a NAT gateway"),
    Row(
        alarms=("firewall-blocked", "edge-5xx", "edge-certificate"),
        cannot="only stages with a distribution have one, and what is before it, and both are measured in us-east-1",
    ),
    Row(alarms=("<function>-canary",), cannot="only prod gives a new version a share of the calls, by CodeDeploy"),
)


def of(fault: str, names: Iterable[str]) -> set[str]:
    """Of the alarms with these names, those that the fault makes ring."""
    return {name for name in names for row in ROWS if row.fault == fault and row.is_of(name)}
