"""Whether this account, in this Region, can take what is going to be deployed."""

from collections.abc import Collection, Container, Iterator
from itertools import batched

from botocore.exceptions import BotoCoreError, ClientError

from infra.preflight.account import Account
from infra.preflight.assembly import Assembly
from infra.preflight.rows import Row

SERVICES = {
    "AWS::ApiGatewayV2": "apigateway",
    "AWS::Cassandra": "mcs",
    "AWS::Backup": "backup",
    "AWS::CloudWatch": "cloudwatch",
    "AWS::CodeDeploy": "codedeploy",
    "AWS::EC2": "ec2",
    "AWS::ElastiCache": "elasticache",
    "AWS::Events": "events",
    "AWS::KMS": "kms",
    "AWS::Lambda": "lambda",
    "AWS::MSK": "kafka",
    "AWS::RDS": "rds",
    "AWS::S3": "s3",
    "AWS::SNS": "sns",
    "AWS::SQS": "sqs",
    "AWS::SecretsManager": "secretsmanager",
}
"""What Systems Manager calls them, in its parameters about Regions. Keyspaces was once named Managed Cassandra."""
EVERYWHERE = {
    "AWS::ApiGateway",
    "AWS::Budgets",
    "AWS::CDK",
    "AWS::CloudFormation",
    "AWS::CloudFront",
    "AWS::IAM",
    "AWS::Logs",
    "AWS::SSM",
    "AWS::WAFv2",
}
"""Global, or in every Region."""
EDGE_REGION = "us-east-1"
"""Where all that belongs to CloudFront is, and is looked for."""
PUSH_REGIONS = {
    *("af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1"),
    *("ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ca-central-1", "eu-central-1", "eu-north-1"),
    *("eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "me-central-1", "me-south-1"),
    *("sa-east-1", "us-east-1", "us-east-2", "us-gov-west-1", "us-west-1", "us-west-2"),
}
"""SNS developer guide, "Amazon SNS mobile application supported Regions": nothing that can be asked knows them."""
BROKER_RATE, SMALL_BROKER_RATE = 100, 4
"""New connections with IAM in a second (MSK developer guide, "Amazon MSK quota", standard brokers)."""
PARAMETERS_AT_ONCE = 10
ZONES = 3


def credentials(account: Account, regions: Collection[str]) -> Iterator[Row]:
    """
    Whoever asks here is not who deploys: the CDK's own roles do; but must be allowed to become them. `regions` are
    those that the stacks name, if they do.
    """
    if account.region is None:
        yield Row("fail", "Region", "none is chosen", "export AWS_REGION=eu-central-1, or set it in the profile")
        return
    if regions and account.region not in regions:
        elsewhere = sorted(set(regions) - {EDGE_REGION}) or [EDGE_REGION]
        found = f"the stage is for {', '.join(elsewhere)}, and {account.region} is asked"
        yield Row("fail", "Region", found, f"export AWS_REGION={elsewhere[0]}")
        return
    try:
        identity = account.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        yield Row("fail", "credentials", str(error), "aws sso login, or aws configure; export AWS_PROFILE")
        return
    found = f"{identity['Arn']} in {account.region}"
    if identity["Arn"].endswith(":root"):
        yield Row("warn", "credentials", found, "this is the account's root user: sign in as somebody else")
    else:
        yield Row("ok", "credentials", found)


def bootstrap(account: Account, assembly: Assembly) -> Iterator[Row]:
    """In each Region that has a stack."""
    needed, parameter = assembly.bootstrap
    for region in sorted(assembly.regions | {account.region or ""}):
        client = account.client("ssm", region=region)
        todo = f"npx aws-cdk bootstrap aws://ACCOUNT/{region}"
        try:
            version = int(client.get_parameter(Name=parameter)["Parameter"]["Value"])
        except client.exceptions.ParameterNotFound:
            yield Row("fail", "CDK bootstrap", f"not done in {region}", todo)
            continue
        found = f"version {version} in {region}, {needed} needed"
        yield Row("fail", "CDK bootstrap", found, todo) if version < needed else Row("ok", "CDK bootstrap", found)


def services(account: Account, assembly: Assembly) -> Iterator[Row]:
    """Whether each service of the templates is offered in the Region."""
    kinds = {"::".join(type_.split("::")[:2]) for type_ in assembly.types()}
    wanted = {SERVICES[kind] for kind in kinds if kind in SERVICES}
    path = f"/aws/service/global-infrastructure/regions/{account.region}/services"
    offered: set[str] = set()
    for some in batched(sorted(wanted), PARAMETERS_AT_ONCE, strict=False):
        found = account.client("ssm").get_parameters(Names=[f"{path}/{name}" for name in some])
        offered |= {each["Value"] for each in found["Parameters"]}
    if missing := sorted(wanted - offered):
        yield Row("fail", "services", f"not offered in {account.region}: {', '.join(missing)}", "choose another Region")
    else:
        yield Row("ok", "services", f"all {len(wanted)} are offered in {account.region}")


def zones(account: Account, assembly: Assembly) -> Iterator[Row]:
    """Zones that the stage names have to be there; otherwise there have to be enough of them."""
    filters = [{"Name": "state", "Values": ["available"]}, {"Name": "zone-type", "Values": ["availability-zone"]}]
    found = account.client("ec2").describe_availability_zones(Filters=filters)["AvailabilityZones"]
    names = {zone["ZoneName"]: zone["ZoneId"] for zone in found}
    subnets = assembly.properties("AWS::EC2::Subnet")
    stated = [subnet.get("AvailabilityZoneId") or subnet.get("AvailabilityZone") for subnet in subnets]
    pinned = {zone for zone in stated if isinstance(zone, str)}
    there = ", ".join(f"{name} ({id_})" for name, id_ in sorted(names.items()))
    if missing := sorted(pinned - names.keys() - set(names.values())):
        yield Row("fail", "zones", f"not here: {', '.join(missing)}", f"name others in infra/config.py: {there}")
    elif len(names) < ZONES:
        yield Row("fail", "zones", f"only {there}", f"choose a Region with {ZONES}")
    elif pinned:
        yield Row("ok", "zones", ", ".join(sorted(pinned)))
    else:
        todo = "the first three are taken; RDS Proxy is not offered in all, see docs/deploying.md"
        yield Row("warn" if len(names) > ZONES else "ok", "zones", there, todo if len(names) > ZONES else "")


def gateway_logs(account: Account, assembly: Assembly) -> Iterator[Row]:
    """API Gateway writes its logs by one role of the account in the Region."""
    role = account.client("apigateway").get_account().get("cloudwatchRoleArn")
    makes = bool(assembly.properties("AWS::ApiGateway::Account"))
    if role:
        yield Row("ok", "API Gateway's logs", f"written by {role}" + (", to be replaced by ours" if makes else ""))
    elif makes:
        yield Row("ok", "API Gateway's logs", "no role yet: the deployment makes it")
    else:
        todo = "API Gateway console, Settings, CloudWatch log role ARN (AmazonAPIGatewayPushToCloudWatchLogs)"
        yield Row("fail", "API Gateway's logs", "the account has no role for them in this Region", todo)


def traces(account: Account) -> Iterator[Row]:
    """They are taken where the account keeps spans in CloudWatch Logs: else they are lost, and nothing besides."""
    found = account.client("xray").get_trace_segment_destination()
    kept = (found.get("Destination"), found.get("Status")) == ("CloudWatchLogs", "ACTIVE")
    where = f"kept in {found.get('Destination')}, {found.get('Status')}"
    yield Row("ok", "traces", where) if kept else Row("warn", "traces", where, "docs/deploying.md#traces")


def certificate(account: Account, assembly: Assembly) -> Iterator[Row]:
    """A distribution with a name of its own takes one that is issued, for its name, and in one Region only."""
    for distribution in assembly.properties("AWS::CloudFront::Distribution"):
        config = distribution["DistributionConfig"]
        if "ViewerCertificate" not in config:
            continue
        arn, (host,) = config["ViewerCertificate"]["AcmCertificateArn"], config["Aliases"]
        client = account.client("acm", region=EDGE_REGION)
        todo = f"aws acm request-certificate --region {EDGE_REGION} --domain-name {host} --validation-method DNS"
        try:
            found = client.describe_certificate(CertificateArn=arn)["Certificate"]
        except client.exceptions.ResourceNotFoundException:
            yield Row("fail", "certificate", f"{arn} is not there", todo)
            continue
        names = {found["DomainName"], *found.get("SubjectAlternativeNames", [])}
        if found["Status"] != "ISSUED":
            yield Row(
                "fail", "certificate", f"{arn}: {found['Status']}", "make the DNS records that it is validated by"
            )
        elif not names & {host, f"*.{host.partition('.')[2]}"}:
            yield Row("fail", "certificate", f"{arn} is for {', '.join(sorted(names))}, not for {host}", todo)
        else:
            yield Row("ok", "certificate", f"issued for {', '.join(sorted(names))}")


def pushes(account: Account, assembly: Assembly) -> Iterator[Row]:
    """Phones are woken through SNS, which does that in some Regions only; browsers are in all."""
    if assembly.properties("Custom::PushPlatforms"):
        if account.region in PUSH_REGIONS:
            yield Row("ok", "pushes to phones", f"offered in {account.region}")
        else:
            todo = "leave the secrets of Apple's and Google's credentials empty, or choose another Region"
            yield Row("warn", "pushes to phones", f"SNS mobile push is not offered in {account.region}", todo)


def log_connections(assembly: Assembly) -> Iterator[Row]:
    """Each environment of a function that starts signs in to every broker, which lets in so many in a second."""
    for cluster in assembly.properties("AWS::MSK::Cluster"):
        size = cluster["BrokerNodeGroupInfo"]["InstanceType"]
        rate = SMALL_BROKER_RATE if size.startswith("kafka.t3.") else BROKER_RATE
        found = f"{size}: {rate} environments may start in a second, more are answered `unavailable` and tried again"
        todo = "enough for a few people; a larger broker lets in 100" if rate == SMALL_BROKER_RATE else ""
        yield Row("warn" if todo else "ok", "Kafka sign-ins", found, todo)


def engines(account: Account, assembly: Assembly) -> Iterator[Row]:
    """Whether the versions that the templates name can still be made."""
    for cluster in assembly.properties("AWS::RDS::DBCluster"):
        engine, version = cluster["Engine"], cluster["EngineVersion"]
        for size in sorted({each["DBInstanceClass"] for each in assembly.properties("AWS::RDS::DBInstance")}):
            wanted = {"Engine": engine, "EngineVersion": version, "DBInstanceClass": size}
            offers = account.pages(
                "rds", "describe_orderable_db_instance_options", "OrderableDBInstanceOptions", **wanted
            )
            yield _version(f"{engine} {version} ({size})", bool(offers), "infra/blocks/database.py")
    for cluster in assembly.properties("AWS::MSK::Cluster"):
        version = cluster["KafkaVersion"]
        versions = account.pages("kafka", "list_kafka_versions", "KafkaVersions")
        active = {each["Version"] for each in versions if each["Status"] == "ACTIVE"}
        yield _version(f"Kafka {version}", version in active, "infra/stacks/streams.py")


def _version(name: str, offered: bool, file: str) -> Row:
    if offered:
        return Row("ok", "engine", name)
    return Row("fail", "engine", f"{name} is not offered (any more)", f"another version in {file}; docs/deploying.md")


def states(account: Account, planned: Container[str], regions: Collection[str]) -> dict[str, str]:
    """Of those stacks that are there already, in the Region that is asked and in those that they name."""
    there = [
        stack
        for region in sorted({account.region or "", *regions})
        for stack in account.pages("cloudformation", "describe_stacks", "Stacks", region=region)
    ]
    return {each["StackName"]: each["StackStatus"] for each in there if each["StackName"] in planned}


def stacks(states: dict[str, str]) -> Iterator[Row]:
    """Whether what an earlier deployment left lets another one begin."""
    if not states:
        yield Row("ok", "stacks", "none of them is there: a first deployment")
    for name, status in sorted(states.items()):
        match status:
            case "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED" | "CREATE_FAILED":
                todo = f"it cannot be updated any more: aws cloudformation delete-stack --stack-name {name}"
                yield Row("fail", "stacks", f"{name}: {status}", todo)
            case "UPDATE_ROLLBACK_FAILED":
                todo = f"aws cloudformation continue-update-rollback --stack-name {name}"
                yield Row("fail", "stacks", f"{name}: {status}", todo)
            case _ if status.endswith("_IN_PROGRESS"):
                yield Row("fail", "stacks", f"{name}: {status}", "somebody deploys it: wait")
            case _:
                yield Row("ok", "stacks", f"{name}: {status}")
