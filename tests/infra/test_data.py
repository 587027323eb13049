import json

from natter import names
from tests.infra.templates import Templates


class TestTables:
    def test_take_the_time_of_a_write_from_the_fold(self, app: Templates) -> None:
        tables = app.properties("AWS::Cassandra::Table")
        assert {table["TableName"] for table in tables} == {
            *("events", "client_ids", "heads", "message_states", "reaction_marks", "rosters", "standings", "cursors"),
            "files",
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

    def test_each_time_that_a_client_id_is_spent_has_its_own_row(self, app: Templates) -> None:
        """Else a fold that begins again after a crash no longer knows what became of it before (P3)."""
        table = app.one("AWS::Cassandra::Table", TableName="client_ids")
        key = [each["Column"]["ColumnName"] for each in table["ClusteringKeyColumns"]]
        assert key == ["log_epoch", "log_offset", "item"]

    def test_prod_is_restorable_and_retained(self, prod: Templates) -> None:
        assert all(table["PointInTimeRecoveryEnabled"] for table in prod.properties("AWS::Cassandra::Table"))
        for type_ in ("AWS::Cassandra::Table", "AWS::Cassandra::Keyspace", "AWS::MSK::Cluster"):
            assert {resource["DeletionPolicy"] for resource in prod.resources(type_)} == {"RetainExceptOnCreate"}
        keys = [each for each in prod.stack("data")["Resources"].values() if each["Type"] == "AWS::KMS::Key"]
        assert {key["DeletionPolicy"] for key in keys} == {"RetainExceptOnCreate"}


class TestAttachments:
    def test_the_bucket_is_closed_encrypted_and_reached_only_over_tls(self, app: Templates) -> None:
        bucket = app.only("AWS::S3::Bucket", "data")["Properties"]
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
        assert rule["BucketKeyEnabled"] is True
        statements = app.only("AWS::S3::BucketPolicy", "data")["Properties"]["PolicyDocument"]["Statement"]
        statements = [each for each in statements if "DeleteObject" not in str(each["Action"])]  # emptying dev's
        assert all(statement["Effect"] == "Deny" for statement in statements)
        assert {"Bool": {"aws:SecureTransport": "false"}} in [statement["Condition"] for statement in statements]

    def test_only_what_nobody_shows_and_archives_are_ever_removed(self, app: Templates) -> None:
        rules = app.only("AWS::S3::Bucket", "data")["Properties"]["LifecycleConfiguration"]["Rules"]
        rules = [rule for rule in rules if "NoncurrentVersionExpiration" not in rule]
        assert {(rule["Prefix"], rule["ExpirationInDays"], rule["Status"]) for rule in rules} == {
            (names.PENDING_UPLOADS, 1, "Enabled"),
            (names.HELD_ATTACHMENTS, 1, "Enabled"),
            (names.EXPORTS, 1, "Enabled"),
        }
        assert not names.SHOWN_ATTACHMENTS.startswith((names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.EXPORTS))

    def test_browsers_of_the_stages_origins_may_upload(self, app: Templates) -> None:
        """The web app's among them: it is another one than the bucket's."""
        (rule,) = app.only("AWS::S3::Bucket", "data")["Properties"]["CorsConfiguration"]["CorsRules"]
        assert set(rule["AllowedMethods"]) == {"POST", "GET"}
        assert rule["AllowedOrigins"] == {"dev": ["*"], "prod": ["https://chat.natter.test"]}[app.stage]

    def test_prod_keeps_the_files(self, prod: Templates) -> None:
        bucket = prod.only("AWS::S3::Bucket", "data")
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


class TestDatabase:
    def test_is_encrypted_and_reached_only_over_tls(self, app: Templates) -> None:
        assert app.one("AWS::RDS::DBCluster")["StorageEncrypted"] is True
        assert app.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]["rds.force_ssl"] == "1"
        assert app.one("AWS::RDS::DBProxy")["RequireTLS"] is True

    def test_values_of_statements_are_in_no_log(self, app: Templates) -> None:
        """Names, hashes and push tokens are among them."""
        parameters = app.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
        assert parameters["log_parameter_max_length"] == "0"
        assert parameters["log_parameter_max_length_on_error"] == "0"
        assert parameters["log_error_verbosity"] == "terse"
        assert "log_statement" not in parameters
        assert app.one("AWS::RDS::DBProxy").get("DebugLogging", False) is False

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

    def test_token_keys_that_take_turns_are_exported_as_long_as_they_exist(self, varied: Templates) -> None:
        """A retired one, too: an export cannot go in the deployment in which its last import does."""
        keys = {
            logical_id
            for logical_id, resource in varied.stack("data")["Resources"].items()
            if resource["Type"] == "AWS::KMS::Key" and resource["Properties"].get("KeyUsage") == "SIGN_VERIFY"
        }
        exported = {
            output["Value"]["Fn::GetAtt"][0]
            for output in varied.stack("data")["Outputs"].values()
            if "Fn::GetAtt" in output["Value"]
        }
        assert len(keys) == 3
        assert keys <= exported
        aliases = {alias["AliasName"] for alias in varied.properties("AWS::KMS::Alias")}
        assert {f"alias/natter-varied-tokens-{name}" for name in "abz"} <= aliases

    def test_web_push_keys_come_of_long_random_texts_under_our_key(self, app: Templates) -> None:
        secret = app.one("AWS::SecretsManager::Secret", Description="Natter: web push key a")
        assert secret["GenerateSecretString"] == {"PasswordLength": 64, "ExcludePunctuation": True}
        assert secret["KmsKeyId"]

    def test_web_push_keys_that_take_turns_are_exported_as_long_as_they_exist(self, varied: Templates) -> None:
        data = varied.stack("data")
        secrets = {
            name
            for name, resource in data["Resources"].items()
            if "web push" in resource.get("Properties", {}).get("Description", "")
        }
        assert len(secrets) == 3
        assert secrets <= {output["Value"].get("Ref") for output in data["Outputs"].values()}

    def test_prod_keeps_web_push_keys(self, prod: Templates) -> None:
        """Else no browser could be woken until its app has subscribed again."""
        secrets = prod.resources("AWS::SecretsManager::Secret")
        kept = [each for each in secrets if "web push" in each["Properties"].get("Description", "")]
        assert [each["DeletionPolicy"] for each in kept] == ["RetainExceptOnCreate"]

    def test_keys_of_what_is_stored_rotate(self, app: Templates) -> None:
        """Those that sign change their names (docs/runbooks/rotate-token-keys.md)."""
        keys = [key for key in app.properties("AWS::KMS::Key") if key.get("KeyUsage") != "SIGN_VERIFY"]
        assert keys
        assert all(key["EnableKeyRotation"] for key in keys)

    def test_no_secret_stands_in_a_template(self, app: Templates) -> None:
        assert all("SecretString" not in secret for secret in app.properties("AWS::SecretsManager::Secret"))
        assert "{{resolve:secretsmanager:" in json.dumps(app.one("AWS::RDS::DBCluster")["MasterUserPassword"])
