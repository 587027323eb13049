import pytest

from natter.domain.accounts.users import Session
from natter.domain.errors import BadRequest
from natter.domain.paging import encode_cursor
from tests.identity import World, a_sign_in


class TestListSessions:
    def test_pages_begin_with_the_one_used_last(self) -> None:
        world = World()
        world.add("ann")
        signed_in = []
        for _ in range(5):
            signed_in.append(world.sign_in(a_sign_in("ann")))
            world.clock.advance(seconds=1)
        world.refresh_session(signed_in[1].refresh_token)
        mine, listed, cursor = signed_in[0].principal, list[Session](), None
        while True:
            page = world.list_sessions(mine, limit=2, cursor=cursor)
            listed += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert [signed_in.index(each) for each in signed_in if each.principal == listed[0].principal] == [1]
        assert [session.principal for session in listed] == [signed_in[n].principal for n in (1, 4, 3, 2, 0)]

    @pytest.mark.parametrize("cursor", ["", "x", encode_cursor("a"), encode_cursor("a", "b")])
    def test_another_cursor_is_none_of_ours(self, cursor: str) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        with pytest.raises(BadRequest, match="cursor"):
            world.list_sessions(mine, limit=2, cursor=cursor)
