"""
The metrics of AWS's own that alarms and the dashboard name, with the dimensions under which they are reported. An alarm
on any other name, or other dimensions, would never ring; CloudWatch takes it all the same. As the services' guides say:

- AWS/ApiGateway: API Gateway Developer Guide, "Monitor WebSocket API execution with CloudWatch metrics" and "Monitor
  CloudWatch metrics for HTTP APIs".
- AWS/Cassandra: Keyspaces Developer Guide, "Amazon Keyspaces metrics and dimensions".
- AWS/CertificateManager: ACM User Guide, "Supported CloudWatch metrics"; in the Region of the certificate.
- AWS/CloudFront: CloudFront Developer Guide, "Types of metrics for CloudFront"; in us-east-1.
- AWS/ElastiCache: ElastiCache User Guide, "Metrics and events for Valkey and Redis OSS serverless caches".
- AWS/Events: EventBridge User Guide, "Monitoring Amazon EventBridge".
- AWS/Kafka: MSK Developer Guide, "Metrics for monitoring Standard brokers with CloudWatch" (up to PER_BROKER).
- AWS/Lambda: Lambda Developer Guide, "Types of metrics for Lambda functions", "Monitoring concurrency".
- AWS/NATGateway: VPC User Guide, "Monitor NAT gateways with Amazon CloudWatch".
- AWS/RDS: Aurora User Guide, "Amazon CloudWatch metrics for Amazon Aurora", "Monitoring RDS Proxy metrics".
- AWS/S3: S3 User Guide, "Metrics and dimensions" (request metrics).
- AWS/SQS: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
- AWS/WAFV2: WAF Developer Guide, "AWS WAF metrics and dimensions" (of a distribution there is no Region among them).
"""

from collections.abc import Iterable, Mapping

_TABLE = ("Keyspace", "TableName", "Operation")
_BROKER = ("Cluster Name", "Broker ID")
_GROUP = ("Cluster Name", "Consumer Group", "Topic")
_OF: Mapping[str, Mapping[tuple[str, ...], str]] = {
    "AWS/ApiGateway": {
        ("ApiId", "Stage"): "ConnectCount MessageCount IntegrationError ClientError ExecutionError IntegrationLatency",
        ("ApiId",): "4xx 5xx Count IntegrationLatency Latency",
    },
    "AWS/Cassandra": {
        _TABLE: "SystemErrors UserErrors ReadThrottleEvents WriteThrottleEvents PerConnectionRequestRateExceeded"
        " StoragePartitionThroughputCapacityExceeded SuccessfulRequestLatency",
    },
    "AWS/CertificateManager": {("CertificateArn",): "DaysToExpiry"},
    "AWS/CloudFront": {("DistributionId", "Region"): "5xxErrorRate"},
    "AWS/ElastiCache": {
        ("clusterId",): "BytesUsedForCache ElastiCacheProcessingUnits ThrottledCmds SuccessfulReadRequestLatency"
        " SuccessfulWriteRequestLatency CurrConnections",
    },
    "AWS/Events": {("RuleName",): "FailedInvocations Invocations"},
    "AWS/Kafka": {
        ("Cluster Name",): "ActiveControllerCount OfflinePartitionsCount GlobalPartitionCount",
        _BROKER: "CpuUser CpuSystem KafkaDataLogsDiskUsed UnderReplicatedPartitions ProduceTotalTimeMsMean"
        " IAMTooManyConnections CPUCreditBalance",
        (*_BROKER, "Topic"): "BytesInPerSec",
        _GROUP: "SumOffsetLag MaxOffsetLag EstimatedMaxTimeLag",
    },
    "AWS/Lambda": {
        ("FunctionName",): "Invocations Errors Throttles Duration ConcurrentExecutions",
        ("FunctionName", "Resource"): "Errors",
        (): "ClaimedAccountConcurrency",
    },
    "AWS/NATGateway": {("NatGatewayId",): "ErrorPortAllocation PacketsDropCount"},
    "AWS/RDS": {
        ("DBClusterIdentifier",): "CPUUtilization ACUUtilization",
        ("DBClusterIdentifier", "Role"): "CPUUtilization ACUUtilization",
        ("ProxyName",): "ClientConnections DatabaseConnections MaxDatabaseConnectionsAllowed"
        " DatabaseConnectionsBorrowLatency",
    },
    "AWS/S3": {("BucketName", "FilterId"): "5xxErrors 4xxErrors"},
    "AWS/SQS": {("QueueName",): "ApproximateAgeOfOldestMessage ApproximateNumberOfMessagesVisible"},
    "AWS/WAFV2": {("WebACL", "Rule"): "AllowedRequests BlockedRequests CountedRequests"},
}


def exists(namespace: str, name: str, dimensions: Iterable[str]) -> bool:
    """Whether AWS reports it under these dimensions."""
    wanted = set(dimensions)
    return any(set(under) == wanted and name in names.split() for under, names in _OF.get(namespace, {}).items())
