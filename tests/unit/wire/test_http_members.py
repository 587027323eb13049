from dataclasses import replace
from typing import Any

import pytest

from natter.domain.conversations.records import MemberSettings
from natter.domain.errors import BadRequest
from natter.wire.base import WireModel, parse
from natter.wire.conversations import AddMembersBody, ConversationPatch, RoleBody, SettingsPatch

MUTED = MemberSettings(muted_until=5, archived=True, notify="none")


class TestConversationPatch:
    @pytest.mark.parametrize(
        ("body", "wanted"),
        [
            ({}, {}),
            ({"title": "Küche 🦊"}, {"title": "Küche 🦊"}),
            ({"avatar": "https://a.example/1.png?size=2"}, {"avatar": "https://a.example/1.png?size=2"}),
            ({"avatar": None, "of_no_interest": 1}, {"avatar": None}),
            ({"title": "x" * 100, "avatar": f"https://{'x' * 492}"}, None),
        ],
    )
    def test_names_only_what_was_sent(self, body: dict[str, Any], wanted: dict[str, Any] | None) -> None:
        assert parse(ConversationPatch, body).to_wanted() == (body if wanted is None else wanted)

    @pytest.mark.parametrize("title", [None, "", " ", "a\nb", "x" * 101, 5])
    def test_a_group_has_a_title(self, title: object) -> None:
        with pytest.raises(BadRequest, match=r"^title: "):
            parse(ConversationPatch, {"title": title})

    @pytest.mark.parametrize(
        "avatar",
        [
            *("", "http://a.example/1", "https://", "https:///1", "https://a.example/ä", "https://a b", "javascript:1"),
            *(5, f"https://{'x' * 493}", "https://a.example/1\n"),
        ],
    )
    def test_an_avatar_is_an_https_url(self, avatar: object) -> None:
        with pytest.raises(BadRequest, match=r"^avatar: "):
            parse(ConversationPatch, {"avatar": avatar})


class TestSettingsPatch:
    @pytest.mark.parametrize(
        ("body", "settings"),
        [
            ({}, MUTED),
            ({"muted_until": 7}, replace(MUTED, muted_until=7)),
            ({"muted_until": None}, replace(MUTED, muted_until=None)),
            ({"archived": False}, replace(MUTED, archived=False)),
            ({"archived": None}, replace(MUTED, archived=False)),
            ({"notify": "mentions"}, replace(MUTED, notify="mentions")),
            ({"notify": None}, replace(MUTED, notify="all")),
        ],
    )
    def test_changes_only_what_was_sent(self, body: dict[str, Any], settings: MemberSettings) -> None:
        assert parse(SettingsPatch, body).apply(MUTED) == settings

    @pytest.mark.parametrize(
        "body",
        [
            *({"muted_until": -1}, {"muted_until": 2**53}, {"muted_until": "5"}),
            *({"archived": 1}, {"archived": "yes"}, {"notify": "some"}, {"notify": True}),
        ],
    )
    def test_a_wrong_field_is_named(self, body: dict[str, Any]) -> None:
        with pytest.raises(BadRequest, match=f"^{next(iter(body))}: "):
            parse(SettingsPatch, body)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (AddMembersBody, {"user_ids": []}),
        (AddMembersBody, {"user_ids": ["u"] * 101}),
        (AddMembersBody, {"user_ids": ["a b"]}),
        (AddMembersBody, {"user_ids": "u"}),
        (RoleBody, {"role": "king"}),
        (RoleBody, {"role": None}),
    ],
)
def test_a_wrong_field_is_named(model: type[WireModel], body: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match=f"^{next(iter(body))}"):
        parse(model, body)
