"""The stages whose templates are looked at: those of the app, with what an operator has to fill in."""

from dataclasses import replace

from infra.config import DEV, PROD, Oidc, Stage

OPERATOR = "operators@natter.test"
FILLED_IN = {"alarm_address": OPERATOR, "web_push_contact": f"mailto:{OPERATOR}"}

STAGES: dict[str, Stage] = {
    "dev": replace(DEV, **FILLED_IN),
    "prod": replace(PROD, **FILLED_IN, cors_origins=("https://app.natter.test",)),
    "varied": replace(
        DEV,
        **FILLED_IN,
        name="varied",
        token_keys=("b", "a"),
        retired_token_keys=("z",),
        web_push_keys=("b", "a"),
        retired_web_push_keys=("z",),
        oidc=Oidc(issuer="https://login.example", audience="natter-app"),
        limits={"commands": (100, 300)},
    ),
}
"""`varied` has what no stage has by default: token keys that overlap, an identity provider, other limits."""
