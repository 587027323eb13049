"""The stages whose templates are looked at: those of the app, with what an operator has to fill in."""

from dataclasses import replace

from infra.config import DEV, PROD, Edge, Oidc, Stage

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
OPERATOR = "operators@natter.test"


def _filled_in(stage: Stage) -> Stage:
    return replace(stage, alarm_address=OPERATOR, web_push_contact=f"mailto:{OPERATOR}")


STAGES: dict[str, Stage] = {
    "dev": _filled_in(DEV),
    "prod": replace(
        _filled_in(PROD),
        edge=Edge(
            host="chat.natter.test",
            certificate_arn=CERTIFICATE,
        ),
        region="eu-central-1",
        zone_ids=("euc1-az1", "euc1-az2", "euc1-az3"),
    ),
    "varied": replace(
        _filled_in(DEV),
        name="varied",
        token_keys=("b", "a"),
        retired_token_keys=("z",),
        web_push_keys=("b", "a"),
        retired_web_push_keys=("z",),
        edge=Edge(host="chat.varied.test", certificate_arn=CERTIFICATE, secrets=("b", "a")),
        oidc=Oidc(issuer="https://login.example", audience="natter-app", origins=("https://tokens.login.example",)),
        cors_origins=("https://intranet.varied.test",),
        limits={"commands": (100, 300)},
    ),
}
"""
`varied` has what no stage has by default: token keys that overlap, an identity provider, other limits, an edge whose
secret changes, pages of another origin.
"""
