import json
from typing import Any

import pytest

from functions.push_platforms.handler import build
from natter.domain.accounts.users import PushProvider

SECRETS: dict[PushProvider, str] = {"apns": '{"key": "k"}', "apns_sandbox": '{"key": "k"}', "fcm": '{"not_set": "x"}'}


class FakePlatforms:
    def __init__(self) -> None:
        self.kept: dict[PushProvider, str] = {}
        self.removed: list[PushProvider] = []

    def keep(self, provider: PushProvider, secret: Any, text: str) -> str | None:
        assert secret == json.loads(text)
        if "key" not in secret:
            return None
        self.kept[provider] = text
        return f"arn:{provider}"

    def remove(self, provider: PushProvider) -> None:
        self.removed.append(provider)


def event(kind: str, *, retain: str = "false") -> dict[str, Any]:
    return {"RequestType": kind, "ResourceProperties": {"Credentials": "1", "Retain": retain}}


@pytest.fixture
def platforms() -> FakePlatforms:
    return FakePlatforms()


def handled(platforms: FakePlatforms, event: dict[str, Any]) -> Any:
    return build(platforms, SECRETS.__getitem__)(event, None)


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_keeps_what_has_credentials_and_says_what_has_none(platforms: FakePlatforms, kind: str) -> None:
    """An update answers with the same physical id: with another one, what is kept would be removed as the old one."""
    assert handled(platforms, event(kind)) == {
        "PhysicalResourceId": "push-platforms",
        "Data": {"Apns": "arn:apns", "ApnsSandbox": "arn:apns_sandbox", "Fcm": "none"},
    }
    assert platforms.kept == {"apns": SECRETS["apns"], "apns_sandbox": SECRETS["apns_sandbox"]}
    assert platforms.removed == []


@pytest.mark.parametrize(("retain", "removed"), [("false", ["apns", "apns_sandbox", "fcm"]), ("true", [])])
def test_removes_them_with_the_stage_unless_that_retains_its_data(
    platforms: FakePlatforms, retain: str, removed: list[str]
) -> None:
    assert handled(platforms, event("Delete", retain=retain)) == {}
    assert (platforms.removed, platforms.kept) == (removed, {})
