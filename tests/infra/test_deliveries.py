import json

import pytest

from natter import names
from tests.infra.templates import Templates


class TestFanoutSource:
    def test_waits_for_nothing_and_gives_up_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.FANOUT_TOPIC])
        assert source["MaximumBatchingWindowInSeconds"] == 0
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["StartingPosition"] == "TRIM_HORIZON"


class TestPushSource:
    def test_gathers_for_less_time_than_is_waited_anyway(self, app: Templates) -> None:
        """So that all that somebody says in a second is looked at together, and nobody is woken later for it."""
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.EVENTS_TOPIC])
        assert 0 < source["MaximumBatchingWindowInSeconds"] < 2


WORKERS = {
    "deliveries": "post_slice",
    "files": "settle_files",
    "looks": "presence",
    "closures": "close_connections",
    "rebuilds": "rebuild",
    "waves": "wake",
    "crowds": "wake",
}


class TestQueues:
    def test_are_encrypted_with_the_customers_key_and_sent_over_tls(self, app: Templates) -> None:
        queues = [each for each in app.properties("AWS::SQS::Queue") if not each["QueueName"].endswith("-sink")]
        assert len(queues) == 2 * len(WORKERS)
        assert all(queue["KmsMasterKeyId"] for queue in queues)
        for policy in app.properties("AWS::SQS::QueuePolicy"):
            (statement,) = policy["PolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    @pytest.mark.parametrize(("name", "worker"), WORKERS.items())
    def test_work_is_not_seen_twice_while_it_is_done_and_outlives_an_outage(
        self, app: Templates, name: str, worker: str
    ) -> None:
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-{name}")
        assert queue["VisibilityTimeout"] >= 6 * app.functions()[worker]["Timeout"]
        assert queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] >= 600

    def test_files_are_settled_after_an_outage_of_hours_and_well_before_what_is_held_is_gone(
        self, app: Templates
    ) -> None:
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-files")
        tried_s = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
        assert 6 * 3600 <= tried_s <= 12 * 3600
        assert queue["MessageRetentionPeriod"] > tried_s

    @pytest.mark.parametrize("name", WORKERS)
    def test_what_comes_to_nothing_is_kept_for_two_weeks_and_raises_an_alarm(self, app: Templates, name: str) -> None:
        dead = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-{name}-dead")
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-{name}")
        alarms = {alarm["AlarmName"] for alarm in app.properties("AWS::CloudWatch::Alarm")}
        alarmed = {"deliveries": "slices"}.get(name, name)
        assert {f"natter-{app.stage}-{alarmed}-age", f"natter-{app.stage}-{alarmed}-dead"} <= alarms
        assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert "Dead" in json.dumps(queue["RedrivePolicy"]["deadLetterTargetArn"])

    def test_are_worked_one_an_invocation_and_not_by_all_the_accounts_concurrency(self, app: Templates) -> None:
        sources = [each for each in app.properties("AWS::Lambda::EventSourceMapping") if "Topics" not in each]
        assert len(sources) == len(WORKERS)
        for source in sources:
            assert source["BatchSize"] == 1
            assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            assert 2 <= source["ScalingConfig"]["MaximumConcurrency"] < 1000

    def test_who_puts_work_back_itself_is_not_stopped_as_a_loop(self, app: Templates) -> None:
        """Lambda stops what causes events for itself after some 16 rounds."""
        allowed = {name for name, each in app.functions().items() if each.get("RecursiveLoop") == "Allow"}
        logical = {
            each["Properties"]["QueueName"].removeprefix(f"natter-{app.stage}-"): logical_id
            for logical_id, each in app.stack("services")["Resources"].items()
            if each["Type"] == "AWS::SQS::Queue"
        }
        assert allowed == {
            worker
            for queue, worker in WORKERS.items()
            if any(f'"{logical[queue]}"' in each for each in app.actions(worker).get("sqs:SendMessage", ()))
        }

    @pytest.mark.parametrize(
        ("queue", "added_by", "worker"),
        [
            ("Slices", {"fanout", "persist", "post_slice"}, "post_slice"),
            ("Files", {"persist"}, "settle_files"),
            ("Looks", {"presence"}, "presence"),
            ("Waves", {"push", "receipts", "wake"}, "wake"),
            ("Crowds", {"push", "wake"}, "wake"),
            ("Rebuilds", {"persist", "fanout", "presence", "rebuild"}, "rebuild"),
            (
                "Closures",
                {
                    "close_connections",
                    "connect",
                    "erase",
                    "persist",
                    "post_slice",
                    "rebuild",
                    "send",
                    "signal",
                    "users_api",
                },
                "close_connections",
            ),
        ],
    )
    def test_are_added_to_and_taken_from_only_by_who_has_to(
        self, app: Templates, queue: str, added_by: set[str], worker: str
    ) -> None:
        def may(action: str) -> set[str]:
            allowed = {name: app.actions(name).get(action, []) for name in app.functions()}
            return {name for name, resources in allowed.items() if any(queue in each for each in resources)}

        assert may("sqs:SendMessage") == added_by
        assert may("sqs:ReceiveMessage") == {worker}
