from typing import Any

import pytest

from local.assembly import Resource
from local.provision.buckets import bucket_name, cors_rule, encryption_rule, lifecycle_rule


class TestBucketName:
    def test_is_lower_case_and_short_enough(self) -> None:
        assert bucket_name(Resource("Shop-data", "Files1A2B", "AWS::S3::Bucket", {})) == "shop-data-files1a2b"
        name = bucket_name(Resource("S" * 60, "Files1A2B", "AWS::S3::Bucket", {}))
        assert len(name) == 63
        assert name.endswith("-files1a2b")


class TestRules:
    def test_cors(self) -> None:
        rule = {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "ExposedHeaders": ["ETag"], "MaxAge": 60}
        assert cors_rule(rule) == {
            "AllowedMethods": ["PUT"],
            "AllowedOrigins": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 60,
        }

    def test_encryption(self) -> None:
        rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}}
        assert encryption_rule(rule | {"BucketKeyEnabled": True}) == {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
            "BucketKeyEnabled": True,
        }

    def test_lifecycle(self) -> None:
        rule = {
            "Id": "old",
            "Status": "Enabled",
            "ExpirationInDays": 30,
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": 7}],
        }
        assert lifecycle_rule(rule) == {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"Days": 30},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            "Transitions": [{"StorageClass": "STANDARD_IA", "Days": 7}],
        }

    @pytest.mark.parametrize(
        ("conditions", "expected"),
        [
            ({"Prefix": "a/"}, {"Prefix": "a/"}),
            ({"TagFilters": [{"Key": "k", "Value": "v"}]}, {"Tag": {"Key": "k", "Value": "v"}}),
            (
                {"Prefix": "a/", "TagFilters": [{"Key": "k", "Value": "v"}]},
                {"And": {"Prefix": "a/", "Tags": [{"Key": "k", "Value": "v"}]}},
            ),
        ],
    )
    def test_lifecycle_conditions(self, conditions: dict[str, Any], expected: dict[str, Any]) -> None:
        assert lifecycle_rule({"Status": "Enabled", **conditions})["Filter"] == expected
