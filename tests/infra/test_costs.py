"""What a stage costs idle is computed from its sizes, and docs/costs.md says what is computed."""

from dataclasses import replace

import pytest

from infra import costs, prices
from infra.config import DEV
from tests.infra.metrics_used import COMPOSITE, of_alarms
from tests.infra.templates import ROOT, Templates


def test_the_document_says_what_is_computed() -> None:
    """Else: `python -m infra.costs` and `python -m infra.prices`, and put their tables there."""
    text = (ROOT / "docs" / "costs.md").read_text()
    assert costs.table() in text
    assert costs.weighed() in text
    assert prices.table() in text


def test_what_is_counted_is_what_is_deployed(app: Templates) -> None:
    """Numbers that no stage chooses."""
    cluster = app.one("AWS::MSK::Cluster")
    assert (cluster["NumberOfBrokerNodes"], cluster["EnhancedMonitoring"]) == (costs.BROKERS, "PER_BROKER")
    mappings = [each for each in app.properties("AWS::Lambda::EventSourceMapping") if "Topics" in each]
    assert len(mappings) == costs.MAPPINGS
    interfaces = [each for each in app.properties("AWS::EC2::VPCEndpoint") if each["VpcEndpointType"] == "Interface"]
    assert len(interfaces) in {0, costs.ENDPOINTS}
    for acl in app.properties("AWS::WAFv2::WebACL"):
        assert len(acl["Rules"]) == costs.FIREWALL_RULES
    assert abs(len(list(of_alarms(app))) - costs.ALARM_METRICS) <= 20
    assert len(app.properties(COMPOSITE)) == costs.COMPOSITE_ALARMS
    assert len(app.properties("AWS::SecretsManager::Secret")) <= costs.SECRETS


def test_pollers_are_shared_where_the_stage_says_so(app: Templates) -> None:
    """In groups they share what is paid for by the hour."""
    groups = {
        each["ProvisionedPollerConfig"].get("PollerGroupName")
        for each in app.properties("AWS::Lambda::EventSourceMapping")
        if "Topics" in each
    }
    assert groups == {None if app.stage == "prod" else f"natter-{app.stage}"}


@pytest.mark.parametrize(
    ("change", "cheaper"),
    [
        ({"share_pollers": False}, "pollers of the log"),
        ({"database_class": None, "database_acu": (0.5, 4)}, "RDS Proxy"),
        ({"broker_instance": "kafka.m7g.large"}, "Kafka brokers"),
        ({"broker_storage_gb": 100}, "storage of the log"),
        ({"nat_gateways": 3}, "NAT"),
    ],
)
def test_dev_has_the_cheapest_size_that_works(change: dict[str, object], cheaper: str) -> None:
    assert costs.idle(replace(DEV, **change))[cheaper] > costs.idle(DEV)[cheaper]  # type: ignore[arg-type]


def test_dev_is_for_somebody_who_tries_it() -> None:
    """What it costs above 400 are alarms and the metrics that they need, and visitors (docs/costs.md)."""
    cost = costs.idle(DEV)
    above = ("alarms, dashboard", "metrics of the brokers", "visitors")
    assert sum(cost.values()) - sum(cost[each] for each in above) < 400


@pytest.mark.parametrize("change", [{"database_class": None}, {"database_acu": (1, 2)}])
def test_a_database_is_of_one_kind(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="either database_class or database_acu"):
        replace(DEV, **change)  # type: ignore[arg-type]
