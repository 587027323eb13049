from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.blocks.logs import removal
from infra.config import Stage
from natter import names

METRICS = "all"
"""The name under which S3 counts requests for any object of the bucket."""
READ, WRITE = "kms:Decrypt", "kms:GenerateDataKey"
"""What S3 does with the key in the name of who reads or writes an object."""


class Attachments(Construct):
    """
    The bucket of files that messages show. Clients reach it only by forms and links that a function has signed.

    What is uploaded or sent and never shown goes after a day (S3 counts whole days, and may take one more). Where data
    is retained, what is removed can be had back for as long as the database's backups are kept, and no longer: it may
    be what somebody has had erased. Elsewhere the bucket goes with its stack, and all that is in it.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._key = key
        self._bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            cors=[
                s3.CorsRule(
                    allowed_methods=[s3.HttpMethods.POST, s3.HttpMethods.GET],
                    allowed_origins=_pages(stage),
                    allowed_headers=["*"],
                    max_age=3600,
                )
            ],
            lifecycle_rules=[
                s3.LifecycleRule(id="pending", prefix=names.PENDING_UPLOADS, expiration=Duration.days(1)),
                s3.LifecycleRule(id="held", prefix=names.HELD_ATTACHMENTS, expiration=Duration.days(1)),
                s3.LifecycleRule(
                    id="exports",
                    prefix=names.EXPORTS,
                    expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                *_former_versions(stage),
            ],
            metrics=[s3.BucketMetrics(id=METRICS)],
            versioned=stage.retain_data,
            removal_policy=removal(stage),
            auto_delete_objects=not stage.retain_data and stage.architecture != "host",
        )
        self.bucket_name = self._bucket.bucket_name
        self.origins = [
            f"https://{name}" for name in (self._bucket.bucket_regional_domain_name, self._bucket.bucket_domain_name)
        ]
        """Where browsers upload and download; in us-east-1 links have the name without a Region."""
        self.metric_dimensions = {"BucketName": self.bucket_name, "FilterId": METRICS}

    def grant_exchange(self, grantee: iam.IGrantable) -> None:
        """Signing forms to upload with, and links to download what is shown."""
        self._objects(grantee, "s3:PutObject", names.PENDING_UPLOADS)
        self._objects(grantee, "s3:GetObject", names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._list(grantee, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._use_key(grantee, READ, WRITE)

    def grant_hold(self, grantee: iam.IGrantable) -> None:
        """Copying what is sent to where it outlives its upload."""
        read = (names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:GetObject", *read)
        self._objects(grantee, "s3:PutObject", names.HELD_ATTACHMENTS)
        self._list(grantee, *read)
        self._use_key(grantee, READ, WRITE)

    def grant_settle(self, grantee: iam.IGrantable) -> None:
        """Keeping what a message shows, and removing what none shows."""
        read = (names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:GetObject", *read)
        self._objects(grantee, "s3:PutObject", names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:DeleteObject", names.SHOWN_ATTACHMENTS)
        self._list(grantee, *read)
        self._use_key(grantee, READ, WRITE)

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Asking what files are that messages show."""
        self._objects(grantee, "s3:GetObject", names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._list(grantee, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._use_key(grantee, READ)

    def grant_erase(self, grantee: iam.IGrantable) -> None:
        """Removing files and archives, and finding those that are to go. Nothing of them is read."""
        going = (names.EXPORTS, names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:DeleteObject", *going)
        self._list(grantee, *going)

    def grant_export(self, grantee: iam.IGrantable) -> None:
        """Keeping archives, and removing one whose user is gone. A part is read again where the key is used for it."""
        for action in ("s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"):
            self._objects(grantee, action, names.EXPORTS)
        self._list(grantee, names.EXPORTS)
        self._use_key(grantee, READ, WRITE)

    def grant_link_exports(self, grantee: iam.IGrantable) -> None:
        """Signing links to download archives."""
        self._objects(grantee, "s3:GetObject", names.EXPORTS)
        self._use_key(grantee, READ)

    def _objects(self, grantee: iam.IGrantable, action: str, *prefixes: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[action],
            resource_arns=[self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
        )

    def _list(self, grantee: iam.IGrantable, *prefixes: str) -> None:
        """Without it S3 answers 403, not 404, about what is not there: of that it takes the key for the prefix."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["s3:ListBucket"],
            resource_arns=[self._bucket.bucket_arn],
            conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
        )

    def _use_key(self, grantee: iam.IGrantable, *actions: str) -> None:
        """For S3's use alone."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._key.key_arn],
            conditions={"StringEquals": {"kms:EncryptionContext:aws:s3:arn": self._bucket.bucket_arn}},
        )


def _pages(stage: Stage) -> list[str]:
    """The web app's origin, as far as it is known before it is made, and those of others."""
    return [*(() if stage.edge is None else (f"https://{stage.edge.host}",)), *stage.cors_origins]


def _former_versions(stage: Stage) -> list[s3.LifecycleRule]:
    """They go when the backups do that were made while they were current."""
    if not stage.retain_data:
        return []
    days = Duration.days(stage.backup_days)
    return [s3.LifecycleRule(id="former", noncurrent_version_expiration=days, expired_object_delete_marker=True)]
