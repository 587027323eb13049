from typing import Any

from local.status import lines, table


def status(**more: Any) -> dict[str, Any]:
    function = {
        "warm": 2,
        "busy": 1,
        "waiting": 0,
        "invocations": 1234,
        "errors": 5,
        "throttles": 0,
        "cold_starts": 2,
        "duration_p50_ms": 3.25,
    }
    unused = {key: None if key == "duration_p50_ms" else 0 for key in function}
    return {
        "uptime_s": 61.2,
        "engines": {"kafka": "running", "valkey": "killed"},
        "faults": [],
        "functions": {"shop-order": function, "shop-sweep": unused},
        "apis": {"a": {"kind": "HTTP", "requests": 3}},
        "distributions": {"E1": {"url": "http://127.0.0.1:1", "answers": {"200": 4}}},
        "sources": [
            {"topic": "orders", "function": "shop-count", "lag": 7, "batches": 2, "records": 20, "failures": 0},
            {"queue": "jobs", "function": "shop-work", "batches": 1, "records": 2, "failures": 1, "last_error": "gone"},
        ],
        "schedules": [],
        "metrics": {
            "sent": 9,
            "dropped": 0,
            "last_error": None,
            "alarms": {"late": "ALARM", "errors": "OK", "big": "ALARM"},
        },
        "not_imitated": [
            ["Role", "AWS::IAM::Role"],
            ["Other", "AWS::IAM::Role"],
            ["Late", "AWS::CloudWatch::Alarm.Metrics.Expression"],
        ],
        **more,
    }


class TestLines:
    def test_functions_sources_and_engines_are_seen_at_a_glance(self) -> None:
        assert "\n".join(lines(status())) == (
            "up for 61 s\n"
            "engines: kafka running, valkey killed\n"
            "\n"
            "function    warm  busy  waiting  invocations  errors  throttles  cold starts  p50 ms\n"
            "shop-order     2     1        0         1234       5          0            2    3.25\n"
            "shop-sweep     0     0        0            0       0          0            0       -\n"
            "\n"
            "event source  function    lag  batches  records  failures\n"
            "kafka orders  shop-count    7        2       20         0\n"
            "sqs jobs      shop-work     -        1        2         1\n"
            "  sqs jobs: gone\n"
            "\n"
            'api: {"kind": "HTTP", "requests": 3}\n'
            'distribution: {"url": "http://127.0.0.1:1", "answers": {"200": 4}}\n'
            'metrics: {"sent": 9, "dropped": 0, "last_error": null}\n'
            "alarms on percentiles and metric math: 2 ALARM, 1 OK (big, late)\n"
            "without counterpart here: AWS::CloudWatch::Alarm.Metrics.Expression (1), AWS::IAM::Role (2)"
        )

    def test_doors_are_seen_with_whom_they_let_in_and_what_they_did_not_let_through(self) -> None:
        door = {"address": "127.0.0.1:1", "connections": 2, "admitted": 3, "refused": 0, "visitors": {}}
        doors = {
            "kafka": door | {"refused": 4, "visitors": {"shop-order": 2, "shop-sweep": 1}},
            "postgres": door | {"pinned": 5},
            "aws": {key: value for key, value in door.items() if key != "connections"},
        }
        refusals = [
            {
                "door": "kafka",
                "function": "shop-order",
                "action": "kafka-cluster:WriteData",
                "resource": "r",
                "times": 4,
            }
        ]
        assert "\n".join(lines(status(doors=doors, refusals=refusals))).split("\n\n")[1:3] == [
            (
                "secured: functions reach the engines through doors, as on AWS\n"
                "door to   address      connections  let in  refused  who was let in\n"
                "kafka     127.0.0.1:1            2       3        4  shop-order (2), shop-sweep (1)\n"
                "postgres  127.0.0.1:1            2       3        0  -\n"
                "aws       127.0.0.1:1            -       3        0  -\n"
                "  sessions that pinned a database connection: 5"
            ),
            (
                "refused by  function    action                   resource  times\n"
                "kafka       shop-order  kafka-cluster:WriteData  r             4"
            ),
        ]

    def test_app_without_event_sources(self) -> None:
        assert not [line for line in lines(status(sources=[], metrics=None)) if line.startswith(("event", "metrics"))]


class TestTable:
    def test_without_rows_it_is_its_head(self) -> None:
        assert list(table("a", ("b", "c"), [])) == ["a  b  c"]
