"""SNS mobile push: what the platforms know a stage by, and who may wake devices there."""

import json
from collections.abc import Mapping

from aws_cdk import Aws, CustomResource, custom_resources
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.blocks.logs import GONE, removal, retention
from infra.blocks.python_function import PythonFunction
from infra.blocks.secrets import grant_read
from infra.config import Stage

APPLICATIONS = f"arn:{Aws.PARTITION}:sns:{Aws.REGION}:{Aws.ACCOUNT_ID}:app"
PLATFORMS = ("APNS", "APNS_SANDBOX", "GCM")

_MADE_UP = {
    "apns": ({"key_id": "LOCAL00000", "team_id": "LOCAL00000", "bundle_id": "local.natter"}, "key"),
    "fcm": ({"type": "service_account", "project_id": "local", "client_email": "natter@local"}, "private_key"),
}
_NOT_SET: tuple[dict[str, str], str] = ({}, "not_set")


class PushCredentials(Construct):
    """
    What Apple and Google have given the operator, who puts it here (docs/deploying.md).

    A new secret says nothing, and the stage deploys all the same. What is put here later, no deployment overwrites.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, key: kms.IKey) -> None:
        super().__init__(scope, id_)
        self._stage, self._key = stage, key
        self.apns, self.fcm = self._secret("apns"), self._secret("fcm")
        self.settings: Mapping[str, str] = {
            "APNS_SECRET_ARN": self.apns.secret_arn,
            "FCM_SECRET_ARN": self.fcm.secret_arn,
            "APPLICATIONS": APPLICATIONS,
        }

    def _secret(self, name: str) -> secretsmanager.Secret:
        template, generated = _MADE_UP[name] if self._stage.push_credentials == "made up" else _NOT_SET
        return secretsmanager.Secret(
            self,
            name.title(),
            description=f"Natter: credentials of push notifications ({name})",
            encryption_key=self._key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps(template), generate_string_key=generated, exclude_punctuation=True
            ),
            removal_policy=removal(self._stage),
        )

    def grant_read(self, grantee: iam.IGrantable) -> None:
        grant_read(grantee, [self.apns, self.fcm], key=self._key)


class PushPlatforms(Construct):
    """
    One platform application for each platform whose credentials are set; `function` makes them, in a deployment.

    It runs again when `push_credentials` of the stage changes, and with the new credentials whoever is registered stays
    so. Applications go with the stack, and with them all endpoints, unless the stage retains its data.
    """

    def __init__(self, scope: Construct, id_: str, *, stage: Stage, function: PythonFunction) -> None:
        super().__init__(scope, id_)
        self._name = f"natter-{stage.name}"
        provider = custom_resources.Provider(
            self,
            "Provider",
            on_event_handler=function,
            log_group=logs.LogGroup(self, "ProviderLogs", retention=retention(stage), removal_policy=GONE),
        )
        made = CustomResource(
            self,
            "Default",
            service_token=provider.service_token,
            resource_type="Custom::PushPlatforms",
            properties={"Credentials": stage.push_credentials, "Retain": str(stage.retain_data).lower()},
        )
        iam.Grant.add_to_principal(
            grantee=function, actions=["sns:CreatePlatformApplication"], resource_arns=[f"{APPLICATIONS}/*"]
        )
        iam.Grant.add_to_principal(
            grantee=function,
            actions=["sns:SetPlatformApplicationAttributes", "sns:DeletePlatformApplication"],
            resource_arns=self._applications(),
        )
        self.settings: Mapping[str, str] = {
            "APNS": made.get_att_string("Apns"),
            "APNS_SANDBOX": made.get_att_string("ApnsSandbox"),
            "FCM": made.get_att_string("Fcm"),
        }

    def grant_register(self, grantee: iam.IGrantable) -> None:
        """Making endpoints, and enabling them."""
        iam.Grant.add_to_principal(
            grantee=grantee, actions=["sns:CreatePlatformEndpoint"], resource_arns=self._applications()
        )
        self._endpoints(grantee, "sns:SetEndpointAttributes")

    def grant_push(self, grantee: iam.IGrantable) -> None:
        """Waking devices."""
        self._endpoints(grantee, "sns:Publish")

    def grant_remove(self, grantee: iam.IGrantable) -> None:
        """Having devices forgotten."""
        self._endpoints(grantee, "sns:DeleteEndpoint")

    def _endpoints(self, grantee: iam.IGrantable, action: str) -> None:
        endpoints = [f"{each}/*".replace(":app/", ":endpoint/") for each in self._applications()]
        iam.Grant.add_to_principal(grantee=grantee, actions=[action], resource_arns=endpoints)

    def _applications(self) -> list[str]:
        return [f"{APPLICATIONS}/{platform}/{self._name}" for platform in PLATFORMS]
