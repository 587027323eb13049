import json

from natter import names
from tests.infra.templates import Templates


class TestTables:
    def test_take_the_time_of_a_write_from_the_fold(self, app: Templates) -> None:
        tables = app.properties("AWS::Cassandra::Table")
        assert {table["TableName"] for table in tables} == {
            *("events", "client_ids", "heads", "effects", "memberships", "cursors")
        }
        assert all(table["ClientSideTimestampsEnabled"] for table in tables)

    def test_are_on_demand_and_encrypted_with_our_key(self, app: Templates) -> None:
        for table in app.properties("AWS::Cassandra::Table"):
            assert table["BillingMode"] == {"Mode": "ON_DEMAND"}
            assert table["EncryptionSpecification"]["EncryptionType"] == "CUSTOMER_MANAGED_KMS_KEY"

    def test_spent_client_ids_outlive_the_time_for_retries(self, app: Templates) -> None:
        table = app.one("AWS::Cassandra::Table", TableName="client_ids")
        assert table["DefaultTimeToLive"] == names.CLIENT_ID_TTL_S
        assert names.CLIENT_ID_TTL_S * 1000 > names.RETRY_WINDOW_MS

    def test_the_sender_is_part_of_a_client_ids_key(self, app: Templates) -> None:
        """Else one user could occupy another's ids (P3)."""
        table = app.one("AWS::Cassandra::Table", TableName="client_ids")
        key = [column["ColumnName"] for column in table["PartitionKeyColumns"]]
        assert key == ["conversation_id", "sender_id", "client_id"]

    def test_prod_is_restorable_and_retained(self, prod: Templates) -> None:
        assert all(table["PointInTimeRecoveryEnabled"] for table in prod.properties("AWS::Cassandra::Table"))
        for type_ in ("AWS::Cassandra::Table", "AWS::Cassandra::Keyspace", "AWS::KMS::Key", "AWS::MSK::Cluster"):
            assert {resource["DeletionPolicy"] for resource in prod.resources(type_)} == {"Retain"}


class TestDatabase:
    def test_is_encrypted_and_reached_only_over_tls(self, app: Templates) -> None:
        assert app.one("AWS::RDS::DBCluster")["StorageEncrypted"] is True
        assert app.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]["rds.force_ssl"] == "1"
        assert app.one("AWS::RDS::DBProxy")["RequireTLS"] is True

    def test_prod_cannot_be_deleted_by_accident(self, prod: Templates) -> None:
        (cluster,) = prod.resources("AWS::RDS::DBCluster")
        assert cluster["Properties"]["DeletionProtection"] is True
        assert cluster["DeletionPolicy"] == "Snapshot"


class TestCache:
    def test_its_one_user_authenticates_with_iam(self, app: Templates) -> None:
        user = app.one("AWS::ElastiCache::User")
        assert user["AuthenticationMode"] == {"Type": "iam"}
        assert user["UserId"] == user["UserName"], "IAM authentication wants them to be the same"

    def test_is_encrypted_with_our_key(self, app: Templates) -> None:
        assert app.one("AWS::ElastiCache::ServerlessCache")["KmsKeyId"]


class TestKeys:
    def test_tokens_are_signed_with_p256(self, app: Templates) -> None:
        assert app.one("AWS::KMS::Key", KeyUsage="SIGN_VERIFY")["KeySpec"] == "ECC_NIST_P256"

    def test_the_data_key_rotates(self, app: Templates) -> None:
        assert app.one("AWS::KMS::Key", EnableKeyRotation=True)

    def test_no_secret_stands_in_a_template(self, app: Templates) -> None:
        assert all("SecretString" not in secret for secret in app.properties("AWS::SecretsManager::Secret"))
        assert "{{resolve:secretsmanager:" in json.dumps(app.one("AWS::RDS::DBCluster")["MasterUserPassword"])
