import base64
import json
import re

from natter import names
from tests.infra.templates import Templates

WEEK_MS = 7 * 24 * 3600 * 1000
SUPPORTED_KAFKA = {"3.8.x.kraft", "3.9.x.kraft"}


class TestCluster:
    def test_replica_that_is_behind_never_leads(self, app: Templates) -> None:
        """MSK's default would elect one, and acknowledged records would be lost (P1)."""
        properties = app.one("AWS::MSK::Configuration")["ServerProperties"].splitlines()
        assert "unclean.leader.election.enable=false" in properties
        assert "min.insync.replicas=2" in properties
        assert "auto.create.topics.enable=false" in properties

    def test_clients_need_iam_and_tls(self, app: Templates) -> None:
        cluster = app.one("AWS::MSK::Cluster")
        assert cluster["ClientAuthentication"] == {
            "Sasl": {"Iam": {"Enabled": True}},
            "Unauthenticated": {"Enabled": False},
        }
        assert cluster["EncryptionInfo"]["EncryptionInTransit"] == {"ClientBroker": "TLS", "InCluster": True}
        assert cluster["EncryptionInfo"]["EncryptionAtRest"]["DataVolumeKMSKeyId"]

    def test_one_broker_a_zone_with_a_version_that_msk_has(self, app: Templates) -> None:
        cluster = app.one("AWS::MSK::Cluster")
        assert cluster["NumberOfBrokerNodes"] == 3
        assert len(cluster["BrokerNodeGroupInfo"]["ClientSubnets"]) == 3
        assert cluster["KafkaVersion"] in SUPPORTED_KAFKA


class TestTopics:
    def test_are_those_that_the_application_knows(self, app: Templates) -> None:
        assert {topic["TopicName"] for topic in app.properties("AWS::MSK::Topic")} == set(names.TOPICS)

    def test_keep_acknowledged_records_for_a_week(self, app: Templates) -> None:
        for topic in app.properties("AWS::MSK::Topic"):
            configs = json.loads(base64.b64decode(topic["Configs"]))
            assert topic["ReplicationFactor"] == 3
            assert configs["min.insync.replicas"] == "2"
            assert configs["unclean.leader.election.enable"] == "false"
            assert configs["message.timestamp.type"] == "LogAppendTime"
            assert int(configs["retention.ms"]) >= WEEK_MS

    def test_survive_their_stack(self, app: Templates) -> None:
        policies = {
            (topic["DeletionPolicy"], topic["UpdateReplacePolicy"]) for topic in app.resources("AWS::MSK::Topic")
        }
        assert policies == {("RetainExceptOnCreate", "Retain")}


def test_a_configuration_is_named_after_the_versions_that_it_is_for(app: Templates) -> None:
    """For others it is replaced: the new one is made before the old one goes, and MSK gives no name twice."""
    configuration = app.one("AWS::MSK::Configuration")
    (version,) = configuration["KafkaVersionsList"]
    assert configuration["Name"] == f"natter-{app.stage}-{version.replace('.', '-')}"
    assert re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z-]*", configuration["Name"])


def test_somebody_is_told_when_a_broker_lets_no_more_functions_in(app: Templates) -> None:
    alarms = [each for each in app.properties("AWS::CloudWatch::Alarm") if "iam-connections" in each["AlarmName"]]
    assert {each["MetricName"] for each in alarms} == {"IAMTooManyConnections"}
    assert len(alarms) == app.one("AWS::MSK::Cluster")["NumberOfBrokerNodes"]
    assert app.one("AWS::MSK::Cluster")["EnhancedMonitoring"] == "PER_BROKER"
