from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.blocks.logs import removal
from infra.blocks.secrets import grant_read
from infra.config import Stage

SECRET_LENGTH = 64
"""Characters. Changing how a secret is made makes a new one: every browser would have to subscribe again."""


class WebPushKeys(Construct):
    """
    What the VAPID keys are derived from: random texts, which CloudFormation makes and nobody has to see.

    When one is lost, no browser that subscribed with it can be woken until its app has subscribed anew.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._key = key
        self.secrets = [self._secret(stage, name) for name in stage.web_push_keys]
        """Browsers subscribe with the first; those of the others are woken, too."""
        for name in stage.retired_web_push_keys:
            self._secret(stage, name)

    def _secret(self, stage: Stage, name: str) -> secretsmanager.Secret:
        secret = secretsmanager.Secret(
            self,
            f"Key-{name}",
            description=f"Natter: web push key {name}",
            encryption_key=self._key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=SECRET_LENGTH, exclude_punctuation=True
            ),
            removal_policy=removal(stage),
        )
        # An export outlives its last import by one deployment, or neither can go.
        Stack.of(self).export_value(secret.secret_arn)
        return secret

    def grant_read(self, grantee: iam.IGrantable) -> None:
        grant_read(grantee, self.secrets, key=self._key)
