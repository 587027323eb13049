"""What keeps data from going by accident, and what lets it go when it has to."""

import json
from typing import Any

from infra.config import PROD
from natter import names
from tests.infra.templates import Templates

PREFIXES = {
    f"{prefix}*" for prefix in (names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS, names.EXPORTS)
}


def with_key(app: Templates, action: str) -> set[str]:
    """Functions that may use the key so for objects of the bucket."""
    return {
        name
        for name in app.functions()
        for statement in app.statements(name)
        if "kms:EncryptionContext:aws:s3:arn" in json.dumps(statement.get("Condition"))
        and action in _listed(statement["Action"])
    }


def _is_emptied(app: Templates, stack: str) -> bool:
    types = [each["Type"] for each in app.stack(stack)["Resources"].values()]
    return "Custom::S3AutoDeleteObjects" in types


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


class TestStacks:
    def test_those_with_data_cannot_be_deleted_unasked_in_production(self, app: Templates) -> None:
        artifacts = json.loads((app.folder / "manifest.json").read_text())["artifacts"]
        kept = {name for name, each in artifacts.items() if each.get("properties", {}).get("terminationProtection")}
        assert kept == ({"natter-prod-data", "natter-prod-streams"} if app.stage == "prod" else set())

    def test_the_database_says_what_it_waits_for(self, prod: Templates) -> None:
        instances = prod.properties("AWS::RDS::DBInstance")
        assert len(instances) == 1 + PROD.database_readers
        assert all(each["EnablePerformanceInsights"] and each["PerformanceInsightsKMSKeyId"] for each in instances)


class TestBackups:
    def test_nobody_takes_one_out_early_and_none_is_kept_longer_than_is_said(self, prod: Templates) -> None:
        """Longer, and whoever is erased would be in it still (docs/privacy.md)."""
        (vault,) = prod.resources("AWS::Backup::BackupVault")
        days = {PROD.backup_days}
        lock = vault["Properties"]["LockConfiguration"]
        assert (lock["MinRetentionDays"], lock["MaxRetentionDays"]) == (PROD.backup_days, PROD.backup_days + 1)
        assert vault["DeletionPolicy"] == "RetainExceptOnCreate"
        (rule,) = prod.one("AWS::Backup::BackupPlan")["BackupPlan"]["BackupPlanRule"]
        assert rule["Lifecycle"] == {"DeleteAfterDays": PROD.backup_days}
        assert {cluster["BackupRetentionPeriod"] for cluster in prod.properties("AWS::RDS::DBCluster")} == days

    def test_the_database_is_in_them(self, prod: Templates) -> None:
        selected = prod.one("AWS::Backup::BackupSelection")["BackupSelection"]["Resources"]
        assert "DatabaseCluster" in json.dumps(selected)


class TestBucket:
    def test_what_is_removed_can_be_had_back_as_long_as_backups_are_kept_and_no_longer(self, prod: Templates) -> None:
        """It may be what somebody has had erased: docs/privacy.md says when that is gone everywhere."""
        bucket = prod.only("AWS::S3::Bucket", "data")["Properties"]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (former,) = [
            rule for rule in bucket["LifecycleConfiguration"]["Rules"] if "NoncurrentVersionExpiration" in rule
        ]
        assert former["NoncurrentVersionExpiration"] == {"NoncurrentDays": PROD.backup_days}
        assert "Prefix" not in former
        assert former["ExpiredObjectDeleteMarker"] is True

    def test_devs_goes_with_its_stack(self, app: Templates) -> None:
        assert _is_emptied(app, "data") == (app.stage == "dev")

    def test_the_web_apps_goes_with_every_stage(self, app: Templates) -> None:
        """There is nothing in it that is not made anew."""
        assert _is_emptied(app, "services")

    def test_nobody_lists_more_than_prefixes(self, app: Templates) -> None:
        listing = [
            statement
            for name in app.functions()
            for statement in app.statements(name)
            if "s3:ListBucket" in _listed(statement["Action"])
        ]
        assert len(listing) >= 5
        for statement in listing:
            assert set(_listed(statement["Condition"]["StringLike"]["s3:prefix"])) <= PREFIXES

    def test_the_key_is_used_by_those_who_read_or_write_objects(self, app: Templates) -> None:
        """Who removes them does not, nor does who signs a download write."""
        reading = {name for name in app.functions() if "s3:GetObject" in app.actions(name)}
        writing = {name for name in app.functions() if "s3:PutObject" in app.actions(name)}
        assert with_key(app, "kms:GenerateDataKey") == writing
        assert with_key(app, "kms:Decrypt") == reading | writing
        assert "erase" not in reading | writing
