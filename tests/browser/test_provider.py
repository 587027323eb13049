"""Where an identity provider signs people in: with it into the app, and once more before an account is erased."""

import asyncio
import base64
import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.async_api import BrowserContext, Route, expect

from natter.adapters.oidc.identity_provider import OidcIdentityProvider
from tests.browser.people import People
from tests.support.api import User
from tests.support.issuer import AUDIENCE, DISCOVERY, Issuer, issuer


@dataclass
class Organisation:
    """
    What a stage with a provider is, before one that has passwords: whatever the API is given as an ID token of `user`
    is checked as such a stage would, and sent on as their password.
    """

    provider: Issuer
    user: User
    origin: str
    asked: list[dict[str, str]] = field(default_factory=list)
    """Of each who was sent to the provider, the query."""

    async def join(self, device: BrowserContext) -> None:
        at = self.provider.url
        # A page that was answered here comes from nowhere, for a browser, and asks an address of this machine.
        await device.grant_permissions(["local-network-access"], origin=self.origin)
        await device.route(lambda url: urlsplit(url).path == "/" and url.startswith(self.origin), self._page)
        await device.route(f"{self.origin}/config.json", self._config)
        await device.route(lambda url: urlsplit(url).path in {"/v1/sessions", "/v1/users/me"}, self._api)
        await device.route(at + DISCOVERY, self._discovery)
        await device.route(lambda url: url.startswith(f"{at}/auth?"), self._auth)
        await device.route(f"{at}/token", self._token)

    async def _page(self, route: Route) -> None:
        """Its policy lets it ask the provider, too."""
        answer = await route.fetch()
        policy = answer.headers["content-security-policy"].replace("connect-src", f"connect-src {self.provider.url}")
        await route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})

    async def _config(self, route: Route) -> None:
        await route.fulfill(json={"oidc": {"issuer": self.provider.url, "client_id": AUDIENCE}})

    async def _discovery(self, route: Route) -> None:
        ends = {f"{name}_endpoint": f"{self.provider.url}/{path}" for name, path in ENDPOINTS.items()}
        await route.fulfill(json=self.provider.discovery | ends, headers=self._cors)

    async def _auth(self, route: Route) -> None:
        """Asks who comes."""
        query = {name: value for name, (value,) in parse_qs(urlsplit(route.request.url).query).items()}
        self.asked.append(query)
        back = f"{query['redirect_uri']}?{urlencode({'code': len(self.asked), 'state': query['state']})}"
        await route.fulfill(content_type="text/html", body=f'<a href="{back.replace("&", "&amp;")}">It is me</a>')

    async def _token(self, route: Route) -> None:
        """For who has the code, and what proves that it is theirs."""
        grant = {name: value for name, (value,) in parse_qs(route.request.post_data or "").items()}
        query = self.asked[int(grant["code"]) - 1]
        digest = hashlib.sha256(grant["code_verifier"].encode()).digest()
        assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        token = self.provider.token(sub=SUBJECT, nonce=query["nonce"], auth_time=int(time.time()))
        await route.fulfill(json={"id_token": token}, headers=self._cors)

    async def _api(self, route: Route) -> None:
        asked: dict[str, Any] = json.loads(route.request.post_data or "{}")
        if "id_token" not in asked:
            await route.continue_()
            return
        check = OidcIdentityProvider(self.provider.settings).identify
        assert (await asyncio.to_thread(check, asked.pop("id_token"))).subject == SUBJECT
        name = {"username": self.user.username} if route.request.method == "POST" else {}
        await route.continue_(post_data=asked | name | {"password": self.user.api.password})

    @property
    def _cors(self) -> dict[str, str]:
        return {"access-control-allow-origin": self.origin}


ENDPOINTS = {"authorization": "auth", "token": "token"}
SUBJECT = "alice-1"


async def test_who_has_no_password_signs_in_anew_before_their_account_is_erased(people: People) -> None:
    user = await people.api.sign_up("alice")
    device = await people.device(worker=False)  # what it asks for cannot be answered here
    page = await device.new_page()
    with issuer() as provider:
        organisation = Organisation(provider, user, people.origin)
        await organisation.join(device)
        await page.goto("/#/settings/data")
        await page.get_by_role("button", name="Sign in with your organisation").click()
        await page.get_by_role("link", name="It is me").click()
        await page.get_by_role("button", name="Delete my account").click()
        await page.get_by_role("link", name="It is me").click()
        question = page.get_by_role("dialog", name="Delete your account for good?")
        await question.get_by_role("button", name="Delete my account").click()
        await expect(page.get_by_role("button", name="Sign in with your organisation")).to_be_visible()
    assert [each.get("prompt") for each in organisation.asked] == [None, "login"]
    assert (await user.call("GET", "/v1/users/me")).status == 401
