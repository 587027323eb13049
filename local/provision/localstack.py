"""The part of an app that LocalStack has: keys, secrets, notification topics, queues, buckets, alarms."""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from local.assembly import ALARM, COMPOSITE, Attributes, Database, Resolver, Resource, alarm_name, composite_name
from local.aws import client
from local.metrics.distribution import percent_of

from .buckets import provision_bucket_policies, provision_buckets
from .files import provision_files
from .queues import provision_queue_policies, provision_queues
from .subscriptions import provision_subscriptions

_DYNAMIC = re.compile(r"\{\{resolve:secretsmanager:(arn:[^}]+?):SecretString:([^:}]*)[^}]*\}\}")
_PASSWORD_RULES = (
    "ExcludeCharacters",
    "ExcludeLowercase",
    "ExcludeNumbers",
    "ExcludePunctuation",
    "ExcludeUppercase",
    "IncludeSpace",
    "PasswordLength",
    "RequireEachIncludedType",
)


class LocalStackResources:
    """
    Makes the resources one by one with the services' own APIs, each only if it is not there yet. Blocks.

    Their real ids go into `attributes`, so that whatever is resolved afterwards refers to them.
    """

    def __init__(self, url: str, resolver: Resolver, attributes: Attributes) -> None:
        self._resolver = resolver
        self._attributes = attributes
        self._url = url

    def provision(self) -> None:
        """Everything but the alarms, in the order in which they refer to each other."""
        for resource in self._resolver.assembly.resources("AWS::KMS::Key"):
            self._know(resource, self._key(resource))
        for resource in self._resolver.assembly.resources("AWS::SecretsManager::Secret"):
            self._know(resource, self._secret(resource))
        for resource in self._resolver.assembly.resources("AWS::SecretsManager::SecretTargetAttachment"):
            self._attach(resource)
        for resource in self._resolver.assembly.resources("AWS::SNS::Topic"):
            self._know(resource, self._topic(resource))
        sqs, s3 = self._client("sqs"), self._client("s3")
        provision_queues(sqs, self._resolver, self._know)
        provision_buckets(s3, self._resolver, self._know)
        provision_queue_policies(sqs, self._resolver)
        provision_bucket_policies(s3, self._resolver)

    def provision_files(self) -> None:
        """After everything that is deployed: what is put into buckets may name it."""
        provision_files(self._client("s3"), self._resolver)

    def provision_alarms(self) -> None:
        """After `provision`, to whose topics the alarms report. Nothing refers to them, so they may come last."""
        cloudwatch = self._client("cloudwatch")
        for resource in self._resolver.assembly.resources(ALARM):
            parameters = self._parameters(cloudwatch, "PutMetricAlarm", resource)
            if percent_of(parameters.get("ExtendedStatistic", "p100")) is not None:  # LocalStack takes no other ones
                cloudwatch.put_metric_alarm(**parameters | {"AlarmName": alarm_name(self._resolver, resource)})
        for resource in self._resolver.assembly.resources(COMPOSITE):
            parameters = self._parameters(cloudwatch, "PutCompositeAlarm", resource)
            cloudwatch.put_composite_alarm(**parameters | {"AlarmName": composite_name(self._resolver, resource)})

    def provision_subscriptions(self, endpoint: Callable[[str], str]) -> None:
        """After `provision`; `endpoint` is where a function's ARN takes messages, and serves already."""
        provision_subscriptions(self._client("sns"), self._resolver, endpoint)

    def logins(self, databases: Iterable[Database]) -> list[Database]:
        """The databases with what their dynamic references, `{{resolve:secretsmanager:…}}`, stand for."""
        return [
            Database(database.name, self._dynamic(database.user), self._dynamic(database.password))
            for database in databases
        ]

    def proxied_roles(self) -> set[str]:
        """Whom proxies of databases let in: the users in the secrets that they are given."""
        secrets = self._client("secretsmanager")
        return {
            str(json.loads(secrets.get_secret_value(SecretId=each["SecretArn"])["SecretString"])["username"])
            for proxy in self._resolver.assembly.resources("AWS::RDS::DBProxy")
            for each in self._resolver.properties(proxy, "Auth").get("Auth", ())
        }

    def _dynamic(self, text: str) -> str:
        secrets = self._client("secretsmanager")

        def replace(match: re.Match[str]) -> str:
            identity, key = match.groups()
            value = str(secrets.get_secret_value(SecretId=identity)["SecretString"])
            return str(json.loads(value)[key]) if key else value

        return _DYNAMIC.sub(replace, text)

    def _client(self, service: str) -> Any:
        return client(service, self._url, self._resolver.site.region)

    def _know(self, resource: Resource, attributes: Mapping[str, Any]) -> None:
        self._attributes.known[resource.stack, resource.logical_id] = attributes

    def _parameters(self, client: Any, operation: str, resource: Resource) -> dict[str, Any]:
        """The resource's properties that the operation takes under the same names."""
        taken = client.meta.service_model.operation_model(operation).input_shape.members
        names = [name for name in resource.properties if name in taken]
        return self._resolver.properties(resource, *names) if names else {}

    def _key(self, resource: Resource) -> dict[str, Any]:
        kms = self._client("kms")
        aliases = self._aliases(resource)
        for alias in aliases:
            with contextlib.suppress(kms.exceptions.NotFoundException):
                return _key_attributes(kms.describe_key(KeyId=alias)["KeyMetadata"])
        parameters = self._parameters(kms, "CreateKey", resource)
        parameters["Tags"] = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in parameters.get("Tags", [])]
        made = kms.create_key(**parameters)["KeyMetadata"]
        for alias in aliases:
            kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
        return _key_attributes(made)

    def _aliases(self, key: Resource) -> list[str]:
        targets = ({"Ref": key.logical_id}, {"Fn::GetAtt": [key.logical_id, "Arn"]})
        return [
            self._resolver.properties(alias, "AliasName")["AliasName"]
            for alias in self._resolver.assembly.resources("AWS::KMS::Alias")
            if alias.stack == key.stack and alias.properties["TargetKeyId"] in targets
        ]

    def _secret(self, resource: Resource) -> dict[str, Any]:
        secrets = self._client("secretsmanager")
        properties = self._resolver.properties(resource, "Name", "Description", "SecretString", "GenerateSecretString")
        name = properties.get("Name", f"{resource.stack}-{resource.logical_id}")
        try:
            found = secrets.describe_secret(SecretId=name)["ARN"]
        except secrets.exceptions.ResourceNotFoundException:
            value = properties.get("SecretString") or self._generate(properties.get("GenerateSecretString", {}))
            found = secrets.create_secret(Name=name, SecretString=value)["ARN"]
        return {"Ref": found, "Id": found}

    def _generate(self, rules: Mapping[str, Any]) -> str:
        drawn = self._client("secretsmanager").get_random_password(
            **{name: value for name, value in rules.items() if name in _PASSWORD_RULES}
        )["RandomPassword"]
        if "GenerateStringKey" not in rules:
            return str(drawn)
        return json.dumps(json.loads(rules["SecretStringTemplate"]) | {rules["GenerateStringKey"]: drawn})

    def _attach(self, resource: Resource) -> None:
        """As CloudFormation does, adds to a database's secret where the database is."""
        secrets = self._client("secretsmanager")
        properties = self._resolver.properties(resource, "SecretId", "TargetId")
        target = next(
            candidate
            for candidate in self._resolver.assembly.resources("AWS::RDS::DBCluster")
            if self._resolver.attribute(candidate.stack, candidate.logical_id, "Ref") == properties["TargetId"]
        )
        place = {
            "engine": "postgres",
            "host": self._resolver.attribute(target.stack, target.logical_id, "Endpoint.Address"),
            "port": int(self._resolver.attribute(target.stack, target.logical_id, "Endpoint.Port")),
            "dbname": self._resolver.properties(target, "DatabaseName").get("DatabaseName"),
            "dbClusterIdentifier": properties["TargetId"],
        }
        value = json.loads(secrets.get_secret_value(SecretId=properties["SecretId"])["SecretString"])
        secrets.put_secret_value(SecretId=properties["SecretId"], SecretString=json.dumps(value | place))

    def _topic(self, resource: Resource) -> dict[str, Any]:
        """Creating a topic that exists gives its ARN."""
        properties = self._resolver.properties(resource, "TopicName")
        name = properties.get("TopicName", f"{resource.stack}-{resource.logical_id}")
        arn = self._client("sns").create_topic(Name=name)["TopicArn"]
        return {"Ref": arn, "TopicArn": arn, "TopicName": name}


def _key_attributes(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {"Ref": metadata["KeyId"], "KeyId": metadata["KeyId"], "Arn": metadata["Arn"]}
