from tests.identity import World, a_sign_in


class TestListSessions:
    def test_are_ones_own_live_ones_newest_first(self) -> None:
        world = World()
        for name in ("ann", "bob"):
            world.add(name)
        sessions = []
        for name in ("ann", "ann", "bob", "ann"):
            world.clock.advance(seconds=1)
            sessions.append(world.sign_in(a_sign_in(name)).principal)
        first, second, theirs, third = sessions
        world.end_own_session(first, second.session_id)
        assert [each.principal for each in world.list_sessions(first)] == [third, first]
        assert [each.principal for each in world.list_sessions(theirs)] == [theirs]
