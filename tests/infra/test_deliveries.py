import json

from natter import names
from tests.infra.templates import Templates


class TestFanoutSource:
    def test_waits_for_nothing_and_gives_up_nothing(self, app: Templates) -> None:
        source = app.one("AWS::Lambda::EventSourceMapping", Topics=[names.FANOUT_TOPIC])
        assert source["MaximumBatchingWindowInSeconds"] == 0
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["StartingPosition"] == "TRIM_HORIZON"


class TestSlices:
    def test_are_encrypted_with_the_customers_key_and_sent_over_tls(self, app: Templates) -> None:
        assert len(app.properties("AWS::SQS::Queue")) == 2
        assert all(queue["KmsMasterKeyId"] for queue in app.properties("AWS::SQS::Queue"))
        for policy in app.properties("AWS::SQS::QueuePolicy"):
            (statement,) = policy["PolicyDocument"]["Statement"]
            assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})

    def test_are_not_seen_twice_while_they_are_posted_and_outlive_an_outage(self, app: Templates) -> None:
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-deliveries")
        assert queue["VisibilityTimeout"] >= 6 * app.functions()["post_slice"]["Timeout"]
        assert queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"] >= 600

    def test_that_come_to_nothing_are_kept_for_two_weeks(self, app: Templates) -> None:
        dead = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-deliveries-dead")
        queue = app.one("AWS::SQS::Queue", QueueName=f"natter-{app.stage}-deliveries")
        assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600
        assert "Dead" in json.dumps(queue["RedrivePolicy"]["deadLetterTargetArn"])

    def test_are_posted_one_an_invocation_and_not_by_all_the_accounts_concurrency(self, app: Templates) -> None:
        (source,) = [each for each in app.properties("AWS::Lambda::EventSourceMapping") if "Topics" not in each]
        assert source["BatchSize"] == 1
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert 2 <= source["ScalingConfig"]["MaximumConcurrency"] < 1000

    def test_are_added_only_by_who_delivers_and_taken_only_by_who_posts(self, app: Templates) -> None:
        functions = app.functions()
        assert {name for name in functions if "sqs:SendMessage" in app.actions(name)} == {
            *("fanout", "persist", "post_slice")
        }
        assert {name for name in functions if "sqs:ReceiveMessage" in app.actions(name)} == {"post_slice"}
        for name in ("fanout", "persist", "post_slice"):
            assert "kms:GenerateDataKey*" in app.actions(name)
