"""Two people of the deployment's own, who come from outside every minute."""

from aws_cdk import Duration
from aws_cdk import aws_secretsmanager as secretsmanager

from infra.blocks.logs import GONE
from infra.blocks.secrets import grant_read
from infra.stacks.functions import Functions

SECRET_LENGTH = 64


def visitors(functions: Functions) -> None:
    """
    `visit` has no network of ours, no store and no key: a secret, and the URLs that everybody has. A visit that fails
    is not repeated, nor is one that would come later: the next one comes in a minute.
    """
    key = functions.data.key
    secret = secretsmanager.Secret(
        functions.scope,
        "Visitors",
        description="Natter: what visitors' names and passwords are derived from; another one is other people",
        encryption_key=key,
        generate_secret_string=secretsmanager.SecretStringGenerator(
            password_length=SECRET_LENGTH, exclude_punctuation=True
        ),
        removal_policy=GONE,
    )
    functions.settings["VISITORS"] = {"URL": functions.http.url, "SECRET_ARN": secret.secret_arn}
    visit = functions.make("visit", ["core", "outside"], "VISITORS", functions.push_goes_to, outside=True)
    visit.configure_async_invoke(retry_attempts=0, max_event_age=Duration.minutes(1))
    grant_read(visit, [secret], key=key)
    if functions.sink is not None:
        functions.sink.grant_look(visit)
    functions.every_minute(visit, enabled=functions.stage.visited)
