"""How much of what an account has only so many of is needed, and left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra.preflight.account import Account
from infra.preflight.assembly import Assembly
from infra.preflight.rows import Row

KEPT_UNRESERVED = 100
"""Lambda refuses to reserve the last of them."""
LAMBDA_USUAL = 1000
"""Concurrent executions of an account with some history; new ones start with as few as 10."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    service: str
    code: str
    name: str
    needed: Callable[[Assembly, frozenset[str]], int]
    """By stacks that are not there yet."""
    used: Callable[[Account], int]


QUOTAS = (
    Quota(
        service="vpc",
        code="L-F678F1CE",
        name="VPCs",
        needed=lambda assembly, there: len(assembly.properties("AWS::EC2::VPC", without=there)),
        used=lambda account: len(account.pages("ec2", "describe_vpcs", "Vpcs")),
    ),
    Quota(
        service="ec2",
        code="L-0263D0A3",
        name="Elastic IPs",
        needed=lambda assembly, there: len(assembly.properties("AWS::EC2::EIP", without=there)),
        used=lambda account: len(account.client("ec2").describe_addresses()["Addresses"]),
    ),
    Quota(
        service="kafka",
        code="L-EDD31C36",
        name="MSK brokers",
        needed=lambda assembly, there: sum(
            cluster["NumberOfBrokerNodes"] for cluster in assembly.properties("AWS::MSK::Cluster", without=there)
        ),
        used=lambda account: sum(
            cluster.get("Provisioned", {}).get("NumberOfBrokerNodes", 0)
            for cluster in account.pages("kafka", "list_clusters_v2", "ClusterInfoList")
        ),
    ),
    Quota(
        service="rds",
        code="L-D94C7EA3",
        name="RDS proxies",
        needed=lambda assembly, there: len(assembly.properties("AWS::RDS::DBProxy", without=there)),
        used=lambda account: len(account.pages("rds", "describe_db_proxies", "DBProxies")),
    ),
)


def quota(account: Account, assembly: Assembly, there: frozenset[str], asked_for: Quota) -> Iterator[Row]:
    """`there` are the stacks that exist: what they need, they have."""
    needed = asked_for.needed(assembly, there)
    if needed:
        limit, used = _limit(account, asked_for), asked_for.used(account)
        found = f"{needed} needed, {used} of {limit} in use"
        if needed > limit - used:
            request = _request(asked_for.service, asked_for.code, used + needed)
            yield Row("fail", asked_for.name, found, f"ask for more, or remove some ({request})")
        else:
            yield Row("ok", asked_for.name, found)


def concurrency(account: Account, assembly: Assembly, there: frozenset[str]) -> Iterator[Row]:
    """Reserved concurrency comes out of what the account has; what is left serves all other functions."""
    limits = account.client("lambda").get_account_settings()["AccountLimit"]
    total, free = limits["ConcurrentExecutions"], limits["UnreservedConcurrentExecutions"]
    functions = assembly.properties("AWS::Lambda::Function", without=there)
    reserved = sum(function.get("ReservedConcurrentExecutions", 0) for function in functions)
    found = f"{reserved} to reserve, {free} of {total} not reserved"
    request = _request("lambda", "L-B99A9384", LAMBDA_USUAL + reserved)
    if reserved and free - reserved < KEPT_UNRESERVED:
        yield Row("fail", "Lambda concurrency", found, f"{KEPT_UNRESERVED} have to be left ({request})")
    elif total < LAMBDA_USUAL:
        yield Row("warn", "Lambda concurrency", found, f"enough for a few people ({request})")
    else:
        yield Row("ok", "Lambda concurrency", found)


def requests(account: Account, assembly: Assembly) -> Iterator[Row]:
    """What the stage lets through, against what the account may serve in this Region for all its APIs."""
    allowed = sum(
        stage.get("DefaultRouteSettings", {}).get("ThrottlingRateLimit", 0)
        for stage in assembly.properties("AWS::ApiGatewayV2::Stage")
    )
    limit = account.client("apigateway").get_account()["throttleSettings"]["rateLimit"]
    found = f"the stage lets {allowed:.0f} requests/s through, the account {limit:.0f} of all its APIs"
    if allowed > limit:
        todo = f"posts to connections count, too ({_request('apigateway', 'L-8A5B8E43', 2 * round(allowed))})"
        yield Row("warn", "API Gateway rate", found, todo)
    else:
        yield Row("ok", "API Gateway rate", found)


def _limit(account: Account, wanted: Quota) -> int:
    """The account's own, or AWS's default where the account has never had another one."""
    client = account.client("service-quotas")
    names = {"ServiceCode": wanted.service, "QuotaCode": wanted.code}
    try:
        return int(client.get_service_quota(**names)["Quota"]["Value"])
    except client.exceptions.NoSuchResourceException:
        return int(client.get_aws_default_service_quota(**names)["Quota"]["Value"])


def _request(service: str, code: str, value: int) -> str:
    return (
        "aws service-quotas request-service-quota-increase"
        f" --service-code {service} --quota-code {code} --desired-value {value}"
    )
