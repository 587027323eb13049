import pytest

from natter.domain.accounts.users import ProfileChange, PushTarget
from natter.domain.errors import BadRequest
from natter.wire.accounts import PasswordBody, ProfilePatch, PushBody
from natter.wire.base import parse


class TestProfilePatch:
    @pytest.mark.parametrize(
        ("body", "change"),
        [
            ({}, ProfileChange()),
            ({"display_name": "Zoë"}, ProfileChange(display_name="Zoë")),
            ({"avatar": None}, ProfileChange(changes_avatar=True)),
            ({"avatar": "https://a.example/1"}, ProfileChange(avatar="https://a.example/1", changes_avatar=True)),
        ],
    )
    def test_what_is_not_named_stays(self, body: object, change: ProfileChange) -> None:
        assert parse(ProfilePatch, body).to_change() == change

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("display_name", None),
            ("display_name", ""),
            ("display_name", " "),
            ("display_name", "x" * 65),
            ("avatar", "http://a.example/1"),
            ("avatar", ""),
            ("avatar", f"https://a.example/{'x' * 500}"),
        ],
    )
    def test_a_wrong_field_is_named(self, name: str, value: object) -> None:
        with pytest.raises(BadRequest, match=f"^{name}: "):
            parse(ProfilePatch, {name: value})


class TestPasswordBody:
    @pytest.mark.parametrize("new", ["x" * 9, "x" * 129, None])
    def test_a_new_one_is_as_at_sign_up(self, new: object) -> None:
        with pytest.raises(BadRequest, match=r"^new: "):
            parse(PasswordBody, {"current": "anything", "new": new})

    def test_repr_keeps_the_passwords(self) -> None:
        body = parse(PasswordBody, {"current": "old horse battery", "new": "new horse battery"})
        assert "horse" not in repr(body) + repr(body.to_request("192.0.2.1"))


class TestPushBody:
    def test_names_where_the_device_is_woken(self) -> None:
        body = parse(PushBody, {"provider": "fcm", "token": "a:b c"})
        assert body.to_target() == PushTarget(provider="fcm", token="a:b c")

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("provider", "pigeon"),
            ("token", ""),
            ("token", "x" * 2049),
            ("token", "a\nb"),
            ("token", "\N{SNOWMAN}"),
            ("token", None),
        ],
    )
    def test_a_wrong_field_is_named(self, name: str, value: object) -> None:
        with pytest.raises(BadRequest, match=f"^{name}: "):
            parse(PushBody, {"provider": "fcm", "token": "token", name: value})

    def test_repr_keeps_the_token(self) -> None:
        body = parse(PushBody, {"provider": "fcm", "token": "secret"})
        assert "secret" not in repr(body) + repr(body.to_target())
