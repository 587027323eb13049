"""What of a template is imitated here. Everything else is listed by name, never skipped in silence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local.assembly.attributes import asks_for_brokers
from local.assembly.custom import is_framework, is_provided
from local.assembly.templates import Assembly, Resource

ANY: frozenset[str] = frozenset()
"""All that is inside: it is passed on, or concerns only what the engine here does not have."""

MOOT = frozenset({"Tags"})

HANDED_OVER = frozenset({"Arn", "DeadLetterConfig", "Input", "RetryPolicy", "RoleArn"})
"""Of a schedule's target. Handing an event over to a function never fails here, so there is nothing to repeat."""

BEHAVIOR = frozenset(
    {
        *("AllowedMethods", "CachePolicyId", "CachedMethods", "Compress", "OriginRequestPolicyId"),
        *("ResponseHeadersPolicyId", "TargetOriginId", "ViewerProtocolPolicy"),
    }
)
"""Of a distribution. Nothing is encrypted on loopback, whatever the protocol policy says."""

IMITATED: Mapping[str, frozenset[str]] = {
    "AWS::Lambda::Function": frozenset(
        {
            *("Code", "Environment", "FunctionName", "Handler", "Layers", "MemorySize", "Timeout"),
            *("ReservedConcurrentExecutions", "Runtime", "Description"),
            *("Architectures", "DeadLetterConfig", "LoggingConfig", "Role", "VpcConfig"),
        }
    ),
    "AWS::Lambda::EventInvokeConfig": ANY,
    "AWS::Lambda::LayerVersion": ANY,
    "AWS::Lambda::Version": ANY,
    "AWS::Lambda::Alias": frozenset({"FunctionName", "FunctionVersion", "Name", "ProvisionedConcurrencyConfig"}),
    "AWS::Lambda::Permission": ANY,
    "AWS::Lambda::EventSourceMapping": frozenset(
        {
            *("AmazonManagedKafkaEventSourceConfig", "BatchSize", "BisectBatchOnFunctionError", "DestinationConfig"),
            *("Enabled", "EventSourceArn", "FunctionName", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds"),
            *("MaximumRecordAgeInSeconds", "MaximumRetryAttempts", "ProvisionedPollerConfig", "StartingPosition"),
            *("ScalingConfig", "Topics"),
        }
    ),
    "AWS::Events::Rule": frozenset({"Description", "Name", "ScheduleExpression", "State", "Targets"}),
    "AWS::Events::Rule.Targets": HANDED_OVER | {"Id"},
    "AWS::Scheduler::Schedule": frozenset(
        {
            *("ActionAfterCompletion", "Description", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name"),
            *("ScheduleExpression", "ScheduleExpressionTimezone", "State", "Target"),
        }
    ),
    "AWS::Scheduler::Schedule.Target": HANDED_OVER,
    "AWS::Scheduler::ScheduleGroup": ANY,
    "AWS::SQS::Queue": ANY,
    "AWS::SQS::QueuePolicy": ANY,
    "AWS::S3::Bucket": frozenset(
        {
            *("BucketEncryption", "BucketName", "CorsConfiguration", "LifecycleConfiguration", "OwnershipControls"),
            *("MetricsConfigurations", "PublicAccessBlockConfiguration", "VersioningConfiguration"),
        }
    ),
    "AWS::S3::Bucket.LifecycleConfiguration": frozenset({"Rules"}),
    "AWS::S3::Bucket.LifecycleConfiguration.Rules": frozenset(
        {
            *("AbortIncompleteMultipartUpload", "ExpirationInDays", "ExpiredObjectDeleteMarker", "Id"),
            *("NoncurrentVersionExpiration", "Prefix", "Status", "TagFilters", "Transitions"),
        }
    ),
    "AWS::S3::Bucket.LifecycleConfiguration.Rules.Transitions": frozenset({"StorageClass", "TransitionInDays"}),
    "AWS::S3::BucketPolicy": ANY,
    "AWS::ApiGatewayV2::Api": frozenset(
        {"CorsConfiguration", "Name", "ProtocolType", "RouteSelectionExpression", "Description"}
    ),
    "AWS::ApiGatewayV2::Stage": frozenset(
        {
            "AccessLogSettings",
            "ApiId",
            "AutoDeploy",
            "DefaultRouteSettings",
            "RouteSettings",
            "StageName",
            "Description",
        }
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
    "AWS::CloudFront::Distribution": frozenset({"DistributionConfig"}),
    "AWS::CloudFront::Distribution.DistributionConfig": frozenset(
        {
            *("CacheBehaviors", "Comment", "CustomErrorResponses", "DefaultCacheBehavior", "DefaultRootObject"),
            *("Enabled", "HttpVersion", "IPV6Enabled", "Origins", "PriceClass"),
        }
    ),
    "AWS::CloudFront::Distribution.DistributionConfig.Origins": frozenset(
        {
            *("CustomOriginConfig", "DomainName", "Id", "OriginAccessControlId", "OriginCustomHeaders", "OriginPath"),
            "S3OriginConfig",
        }
    ),
    "AWS::CloudFront::Distribution.DistributionConfig.CacheBehaviors": BEHAVIOR | {"PathPattern"},
    "AWS::CloudFront::Distribution.DistributionConfig.DefaultCacheBehavior": BEHAVIOR,
    "AWS::CloudFront::OriginAccessControl": ANY,
    "AWS::CloudFront::ResponseHeadersPolicy": frozenset({"ResponseHeadersPolicyConfig"}),
    "AWS::CloudFront::ResponseHeadersPolicy.ResponseHeadersPolicyConfig": frozenset(
        {"Comment", "CustomHeadersConfig", "Name", "RemoveHeadersConfig", "SecurityHeadersConfig"}
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
    "AWS::SNS::Subscription": ANY,
    "AWS::CloudWatch::Alarm": frozenset(
        {
            *("ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator"),
            *("DatapointsToAlarm", "Dimensions", "EvaluateLowSampleCountPercentile", "EvaluationPeriods"),
            *("ExtendedStatistic", "InsufficientDataActions", "MetricName", "Metrics", "Namespace", "OKActions"),
            *("Period", "Statistic", "Threshold", "TreatMissingData", "Unit"),
        }
    ),
    "AWS::CloudWatch::Alarm.Metrics": frozenset(
        {"AccountId", "Expression", "Id", "Label", "MetricStat", "Period", "ReturnData"}
    ),
    "AWS::CloudWatch::Dashboard": frozenset({"DashboardBody", "DashboardName"}),
    "AWS::CloudWatch::CompositeAlarm": frozenset(
        {
            *("ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "AlarmRule"),
            *("InsufficientDataActions", "OKActions"),
        }
    ),
    "Custom::Trigger": ANY,
    "Custom::CDKBucketDeployment": frozenset(
        {
            *("DestinationBucketKeyPrefix", "DestinationBucketName", "DistributionId", "DistributionPaths", "Exclude"),
            *("Include", "OutputObjectKeys", "Prune", "RetainOnDelete", "ServiceToken", "SourceBucketNames"),
            *("SourceMarkers", "SourceMarkersConfig", "SourceObjectKeys", "SystemMetadata"),
            "WaitForDistributionInvalidation",
        }
    ),
    "Custom::CDKBucketDeployment.SourceMarkers": ANY,
}


def not_imitated(assembly: Assembly, providers: Sequence[Resource]) -> tuple[tuple[str, str], ...]:
    """(logical id, type), or (logical id, type.Property) where only that property has no counterpart here."""
    missing: list[tuple[str, str]] = []
    for resource in assembly.resources():
        if resource in providers or asks_for_brokers(resource) or is_provided(assembly, resource):
            continue
        if resource.type not in IMITATED:
            missing.append((resource.logical_id, resource.type))
        else:
            unknown = sorted(set(_unknown(resource.type, resource.properties)))
            missing += [(resource.logical_id, path) for path in unknown]
    return tuple(missing)


def _unknown(path: str, value: Any) -> Iterator[str]:
    """The parts of `value` that are not understood, `Type.Property.Part` each."""
    understood = IMITATED.get(path, ANY)
    if understood is ANY:
        return
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping) or any(key == "Ref" or key.startswith("Fn::") for key in item):
            continue
        for key, part in item.items():
            if key not in understood | MOOT:
                yield f"{path}.{key}"
            yield from _unknown(f"{path}.{key}", part)


def providers(assembly: Assembly) -> tuple[Resource, ...]:
    """The CDK's own functions behind custom resources: what they do at deploy is done by the local cloud itself."""
    found = [function for function in assembly.resources("AWS::Lambda::Function") if is_framework(function)]
    for resource in assembly.resources():
        match resource.properties.get("ServiceToken"):
            case {"Fn::GetAtt": [logical_id, "Arn"]}:
                found.append(assembly.stacks[resource.stack].resources[logical_id])
    return tuple({str(provider): provider for provider in found}.values())
