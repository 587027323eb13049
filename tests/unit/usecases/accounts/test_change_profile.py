import pytest

from natter.domain.accounts.users import ProfileChange
from natter.domain.errors import Unauthenticated
from natter.domain.ids import UserId
from tests.identity import World


class TestChangeProfile:
    def test_changes_what_is_named(self) -> None:
        world = World()
        ann = world.add("ann")
        change = ProfileChange(display_name="Zoë", avatar="https://a.example/1", changes_avatar=True)
        changed = world.change_profile(ann.user_id, change)
        assert (changed.display_name, changed.avatar) == ("Zoë", "https://a.example/1")
        assert world.find_users.by_name(ann.user_id, "ann") == [changed]
        assert world.change_profile(ann.user_id, ProfileChange()) == changed

    def test_who_is_not_there_any_more_is_not_signed_in(self) -> None:
        with pytest.raises(Unauthenticated):
            World().change_profile(UserId("nobody"), ProfileChange())
