"""What people say, and what proves who they are, is in no log."""

import secrets

from local.cloud import Cloud
from tests.conftest import ROOT
from tests.support.api import PASSWORD, Api, fresh
from tests.support.socket import WITHIN_S, message
from tests.support.until import until

LOGS = ROOT / ".local" / "logs"
CALLS = 11
"""Of `users_api`, in this test."""


def ended(function: str) -> int:
    """How many invocations are in the function's log."""
    return (LOGS / f"natter-local-{function}.log").read_text(errors="replace").count("END RequestId")


async def test_no_secret_is_logged(cloud: Cloud, api: Api) -> None:
    """Whether it is taken, refused, or half understood."""
    assert cloud.app.outputs
    before = ended("users_api")
    canary = f"canary{secrets.token_hex(8)}"
    password = f"password of {canary}"
    account = {"username": fresh("alice"), "password": password, "display_name": f"name of {canary}"}
    (await api.call("POST", "/v1/users", account)).expect(201)
    session = (await api.call("POST", "/v1/sessions", account)).expect(201)
    token, bob = session["access_token"], await api.sign_up("bob")
    await api.call("POST", "/v1/sessions", {**account, "password": f"wrong {canary}"})
    await api.call("POST", "/v1/users", {**account, "username": canary.upper()})
    await api.call("POST", "/v1/sessions", f'{{"username": "{canary}')
    await api.call("POST", "/v1/sessions/refresh", {"refresh_token": f"{canary}.a.b"})
    await api.call("GET", "/v1/users/me", token=f"{canary}.a.b")
    await api.call("GET", "/v1/users", token=token, query={"username": canary})
    founding = {"kind": "group", "title": f"title {canary}", "members": [bob.user_id]}
    chat = (await api.call("POST", "/v1/conversations", founding, token=token)).expect(201)["conversation_id"]
    ticket = (await api.call("POST", "/v1/tickets", token=token)).expect(201)
    phone = await api.open(ticket["url"])
    (client_id,) = await phone.say(chat, f"text {canary}")
    await phone.event(chat, client_id)
    await phone.ask({"action": "send", "conversation_id": chat, "messages": [message(f"\a{canary}")]})
    await phone.ask({"action": "react", "conversation_id": chat, "client_id": "r", "target_seq": 2, "reaction": canary})
    await phone.send(f'{{"action": "send", "text": "{canary}')
    report = {"conversation_id": chat, "seq": 2, "reason": f"reason {canary}"}
    (await api.call("POST", "/v1/reports", report, token=token)).expect(202)
    await phone.ping()
    known = [canary, PASSWORD, token, session["refresh_token"], ticket["ticket"], bob.access_token, bob.refresh_token]
    await until(lambda: ended("users_api") >= before + CALLS, "all calls are in the log", within_s=WITHIN_S)
    texts = {path.name: path.read_text(errors="replace") for path in LOGS.iterdir()}
    found = [(name, secret[:12]) for name, text in texts.items() for secret in known if secret in text]
    assert found == []
