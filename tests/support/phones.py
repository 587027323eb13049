"""Phones that are woken through SNS: what LocalStack's has handed over to them."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3

from tests.support.api import Api, User, fresh
from tests.support.sns import decoded, received

WITHIN_S = 30.0
POLL_S = 0.2

type Shown = dict[str, Any]
"""`message` of FCM v1."""


class Sns:
    """LocalStack's SNS of a local cloud, asked what phones have received."""

    def __init__(self, url: str, region: str) -> None:
        self._url, self._region = url, region
        self._endpoints: dict[str, str] = {}
        self._client = boto3.client(
            "sns",
            endpoint_url=url,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def endpoint(self, token: str) -> str | None:
        """What SNS calls the phone of this token."""
        if token not in self._endpoints:
            self._look_up()
        return self._endpoints.get(token)

    def _look_up(self) -> None:
        for application in self._client.list_platform_applications()["PlatformApplications"]:
            pages = self._client.get_paginator("list_endpoints_by_platform_application").paginate(
                PlatformApplicationArn=application["PlatformApplicationArn"]
            )
            for page in pages:
                self._endpoints |= {each["Attributes"]["Token"]: each["EndpointArn"] for each in page["Endpoints"]}

    def disable(self, token: str) -> None:
        """As SNS does when the platform has refused the token for good."""
        endpoint = self.endpoint(token)
        assert endpoint is not None
        self._client.set_endpoint_attributes(EndpointArn=endpoint, Attributes={"Enabled": "false"})

    def received(self, token: str) -> list[Shown]:
        endpoint = self.endpoint(token)
        if endpoint is None:
            return []
        return [_fcm(each["Message"]) for each in received(self._url, self._region, endpoint)]


def _fcm(message: Any) -> Shown:
    shown: Shown = decoded(message)["fcmV1Message"]["message"]
    return shown


@dataclass
class Phone:
    """A device of somebody's that is registered for pushes."""

    sns: Sns
    token: str = field(default_factory=lambda: fresh("token"))

    async def register(self, person: User) -> None:
        body = {"provider": "fcm", "token": self.token}
        (await person.call("PUT", f"/v1/devices/{person.device_id}/push", body)).expect(204)

    async def pushes(self) -> list[Shown]:
        """All that was handed over."""
        return await asyncio.to_thread(self.sns.received, self.token)

    async def until(self, holds: Callable[[list[Shown]], bool], *, within_s: float = WITHIN_S) -> list[Shown]:
        """What was handed over, once that `holds`."""
        end = time.monotonic() + within_s
        while not holds(pushes := await self.pushes()):
            assert time.monotonic() < end, f"only {pushes}"
            await asyncio.sleep(POLL_S)
        return pushes


async def with_phone(api: Api, sns: Sns, name: str) -> tuple[User, Phone]:
    """Somebody who is away, with a phone."""
    user, phone = await api.sign_up(name), Phone(sns)
    await phone.register(user)
    return user, phone


def bodies(pushes: list[Shown]) -> list[str]:
    return [push["notification"]["body"] for push in pushes if "notification" in push]


async def forgotten(user: User, *, within_s: float = WITHIN_S) -> None:
    """Wait until none of the user's devices is registered any more."""
    end = time.monotonic() + within_s
    while any("push" in device for device in (await user.call("GET", "/v1/devices")).expect(200)["items"]):
        assert time.monotonic() < end, "registered still"
        await asyncio.sleep(POLL_S)
