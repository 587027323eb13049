"""
`natter-preflight [FOLDER]`: whether the account can take what the CDK has synthesized there, before anything is made.

Asks with the credentials that the AWS CLI would use; changes nothing. Ends with 0 if it can be deployed, else 1.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import boto3

from infra.preflight import checks, quotas
from infra.preflight.account import Account, asked
from infra.preflight.assembly import Assembly, NoAssembly
from infra.preflight.rows import Row, lines, may_deploy


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="natter-preflight", description="Whether this account can take what is synthesized. Only asks."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("cdk.out"), help="default: %(default)s")
    parser.add_argument("--profile", help="of the AWS CLI's configuration")
    options = parser.parse_args(arguments)
    assembly = Assembly(options.folder)
    try:
        found = rows(account(options.profile), assembly)
    except NoAssembly as failure:
        print(f"natter-preflight: {failure}: npx aws-cdk synth -c stage=STAGE", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(lines(found)))  # noqa: T201
    return 0 if may_deploy(found) else 1


def account(profile: str | None = None) -> Account:
    """Where the AWS and CDK command lines would go: unlike them, boto3 alone does not know AWS_REGION."""
    return Account(boto3.Session(profile_name=profile, region_name=os.environ.get("AWS_REGION")))


def rows(account: Account, assembly: Assembly) -> list[Row]:
    """
    All that is found. Without credentials nothing else is asked.

    Raises:
        NoAssembly: nothing is synthesized.
    """
    planned = assembly.stacks
    found = [*checks.credentials(account, assembly.regions)]
    if not may_deploy(found):
        return found
    there: dict[str, str] = {}

    def stacks() -> Iterator[Row]:
        there.update(checks.states(account, planned, assembly.regions))
        yield from checks.stacks(there)

    found += asked("stacks", stacks)
    made = frozenset(there)
    found += asked("CDK bootstrap", lambda: checks.bootstrap(account, assembly))
    found += asked("services", lambda: checks.services(account, assembly))
    found += asked("zones", lambda: checks.zones(account, assembly))
    found += asked("engine", lambda: checks.engines(account, assembly))
    found += asked("API Gateway's logs", lambda: checks.gateway_logs(account, assembly))
    found += asked("traces", lambda: checks.traces(account))
    found += asked("certificate", lambda: checks.certificate(account, assembly))
    found += asked("pushes to phones", lambda: checks.pushes(account, assembly))
    found += asked("Kafka sign-ins", lambda: checks.log_connections(assembly))
    for each in quotas.QUOTAS:
        found += asked(each.name, partial(quotas.quota, account, assembly, made, each))
    found += asked("Lambda concurrency", lambda: quotas.concurrency(account, assembly, made))
    found += asked("API Gateway rate", lambda: quotas.requests(account, assembly))
    return found
