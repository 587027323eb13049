from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager


def grant_read(grantee: iam.IGrantable, secrets: Sequence[secretsmanager.ISecret], *, key: kms.IKey) -> None:
    """`Secret.grant_read` would write into the key's policy, which may live in another stack."""
    arns = [secret.secret_arn for secret in secrets]
    iam.Grant.add_to_principal(grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=arns)
    iam.Grant.add_to_principal(
        grantee=grantee,
        actions=["kms:Decrypt"],
        resource_arns=[key.key_arn],
        conditions={"StringEquals": {"kms:EncryptionContext:SecretARN": arns}},
    )
