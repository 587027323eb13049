from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.blocks.logs import removal
from infra.config import Stage
from natter import names


class Attachments(Construct):
    """
    The bucket of files that messages show. Clients reach it only by forms and links that a function has signed.

    What is uploaded or sent and never shown goes after a day (S3 counts whole days, and may take one more). A deleted
    stack leaves a bucket that is not empty where it is, in dev, too.
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
                    allowed_origins=list(stage.cors_origins),
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
            ],
            removal_policy=removal(stage),
        )
        self.bucket_name = self._bucket.bucket_name

    def grant_exchange(self, grantee: iam.IGrantable) -> None:
        """Signing forms to upload with, and links to download what is shown."""
        self._objects(grantee, "s3:PutObject", names.PENDING_UPLOADS)
        self._objects(grantee, "s3:GetObject", names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._allow(grantee)

    def grant_hold(self, grantee: iam.IGrantable) -> None:
        """Copying what is sent to where it outlives its upload."""
        self._objects(grantee, "s3:GetObject", names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:PutObject", names.HELD_ATTACHMENTS)
        self._allow(grantee)

    def grant_settle(self, grantee: iam.IGrantable) -> None:
        """Keeping what a message shows, and removing what none shows."""
        self._objects(grantee, "s3:GetObject", names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:PutObject", names.SHOWN_ATTACHMENTS)
        self._objects(grantee, "s3:DeleteObject", names.SHOWN_ATTACHMENTS)
        self._allow(grantee)

    def grant_describe(self, grantee: iam.IGrantable) -> None:
        """Asking what files are that messages show."""
        self._objects(grantee, "s3:GetObject", names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS)
        self._allow(grantee)

    def grant_erase(self, grantee: iam.IGrantable) -> None:
        """Removing files and archives, and finding those that are to go."""
        self._objects(
            *(grantee, "s3:DeleteObject"),
            *(names.EXPORTS, names.PENDING_UPLOADS, names.HELD_ATTACHMENTS, names.SHOWN_ATTACHMENTS),
        )
        self._allow(grantee)

    def grant_export(self, grantee: iam.IGrantable) -> None:
        """Keeping archives, and removing one whose user is gone."""
        for action in ("s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"):
            self._objects(grantee, action, names.EXPORTS)
        self._allow(grantee)

    def grant_link_exports(self, grantee: iam.IGrantable) -> None:
        """Signing links to download archives."""
        self._objects(grantee, "s3:GetObject", names.EXPORTS)
        self._use_key(grantee)

    def _objects(self, grantee: iam.IGrantable, action: str, *prefixes: str) -> None:
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[action],
            resource_arns=[self._bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes],
        )

    def _allow(self, grantee: iam.IGrantable) -> None:
        """Listing: without it S3 answers 403, not 404, about what is not there."""
        iam.Grant.add_to_principal(grantee=grantee, actions=["s3:ListBucket"], resource_arns=[self._bucket.bucket_arn])
        self._use_key(grantee)

    def _use_key(self, grantee: iam.IGrantable) -> None:
        """For S3's use alone."""
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resource_arns=[self._key.key_arn],
            conditions={"StringEquals": {"kms:EncryptionContext:aws:s3:arn": self._bucket.bucket_arn}},
        )
