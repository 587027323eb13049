"""What of a template is imitated here. Everything else is listed by name, never skipped in silence."""

from collections.abc import Mapping, Sequence

from local.assembly.attributes import asks_for_brokers
from local.assembly.templates import Assembly, Resource

ANY: frozenset[str] = frozenset()
"""All properties: they are passed on, or concern only what the engine here does not have."""

MOOT = frozenset({"Tags"})

IMITATED: Mapping[str, frozenset[str]] = {
    "AWS::Lambda::Function": frozenset(
        {
            *("Code", "Environment", "FunctionName", "Handler", "Layers", "MemorySize", "Timeout"),
            *("ReservedConcurrentExecutions", "Runtime", "Description"),
            *("Architectures", "Role", "VpcConfig", "LoggingConfig"),
        }
    ),
    "AWS::Lambda::LayerVersion": ANY,
    "AWS::Lambda::Version": ANY,
    "AWS::Lambda::Alias": frozenset({"FunctionName", "FunctionVersion", "Name", "ProvisionedConcurrencyConfig"}),
    "AWS::Lambda::Permission": ANY,
    "AWS::Lambda::EventSourceMapping": frozenset(
        {
            *("AmazonManagedKafkaEventSourceConfig", "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig"),
            *("Enabled", "EventSourceArn", "FunctionName", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds"),
            *("MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ProvisionedPollerConfig", "StartingPosition"),
            "Topics",
        }
    ),
    "AWS::ApiGatewayV2::Api": frozenset(
        {"CorsConfiguration", "Name", "ProtocolType", "RouteSelectionExpression", "Description"}
    ),
    "AWS::ApiGatewayV2::Stage": frozenset(
        {"AccessLogSettings", "ApiId", "AutoDeploy", "DefaultRouteSettings", "StageName", "Description"}
    ),
    "AWS::ApiGatewayV2::Route": frozenset(
        {
            *("ApiId", "AuthorizationType", "AuthorizerId", "RouteKey", "RouteResponseSelectionExpression"),
            *("Target", "ApiKeyRequired"),
        }
    ),
    "AWS::ApiGatewayV2::RouteResponse": frozenset({"ApiId", "RouteId", "RouteResponseKey"}),
    "AWS::ApiGatewayV2::Integration": frozenset(
        {"ApiId", "IntegrationType", "IntegrationUri", "PayloadFormatVersion", "TimeoutInMillis", "IntegrationMethod"}
    ),
    "AWS::ApiGatewayV2::Authorizer": frozenset(
        {
            *("ApiId", "AuthorizerType", "AuthorizerUri", "IdentitySource", "Name", "EnableSimpleResponses"),
            *("AuthorizerResultTtlInSeconds", "AuthorizerPayloadFormatVersion"),
        }
    ),
    "AWS::MSK::Cluster": ANY,
    "AWS::MSK::Topic": ANY,
    "AWS::Cassandra::Keyspace": ANY,
    "AWS::Cassandra::Table": frozenset(
        {
            *("KeyspaceName", "TableName", "PartitionKeyColumns", "ClusteringKeyColumns", "RegularColumns"),
            *("DefaultTimeToLive", "ClientSideTimestampsEnabled"),
            *("BillingMode", "EncryptionSpecification", "PointInTimeRecoveryEnabled"),
        }
    ),
    "AWS::RDS::DBCluster": ANY,
    "AWS::RDS::DBInstance": ANY,
    "AWS::RDS::DBProxy": ANY,
    "AWS::RDS::DBProxyTargetGroup": ANY,
    "AWS::ElastiCache::ServerlessCache": ANY,
    "AWS::SecretsManager::Secret": ANY,
    "AWS::SecretsManager::SecretTargetAttachment": ANY,
    "AWS::KMS::Key": ANY,
    "AWS::KMS::Alias": ANY,
    "AWS::SNS::Topic": ANY,
    "AWS::CloudWatch::Alarm": ANY,
    "Custom::Trigger": ANY,
}


def not_imitated(assembly: Assembly, providers: Sequence[Resource]) -> tuple[tuple[str, str], ...]:
    """(logical id, type), or (logical id, type.Property) where only that property has no counterpart here."""
    missing: list[tuple[str, str]] = []
    for resource in assembly.resources():
        if resource in providers or asks_for_brokers(resource):
            continue
        understood = IMITATED.get(resource.type)
        if understood is None:
            missing.append((resource.logical_id, resource.type))
        elif understood is not ANY:
            unknown = sorted(set(resource.properties) - understood - MOOT)
            missing += [(resource.logical_id, f"{resource.type}.{name}") for name in unknown]
    return tuple(missing)


def providers(assembly: Assembly) -> tuple[Resource, ...]:
    """The CDK's own functions behind custom resources: what they do at deploy is done by the local cloud itself."""
    found = []
    for resource in assembly.resources():
        match resource.properties.get("ServiceToken"):
            case {"Fn::GetAtt": [logical_id, "Arn"]}:
                found.append(assembly.stacks[resource.stack].resources[logical_id])
    return tuple({str(provider): provider for provider in found}.values())
