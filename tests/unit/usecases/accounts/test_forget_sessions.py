from natter.domain.accounts.users import SESSION_IDLE_MS
from natter.usecases.accounts.forget_sessions import KEPT_MS, ForgetSessions
from tests.identity import FakeClock, World, a_sign_in


class TestForgetSessions:
    def test_what_ended_a_day_ago_is_forgotten_step_by_step(self) -> None:
        world = World()
        world.add("ann")
        ended = [world.sign_in(a_sign_in("ann")).principal for _ in range(7)]
        kept = world.sign_in(a_sign_in("ann")).principal
        world.sessions.end([principal.session_id for principal in ended], at=world.clock())
        forget = ForgetSessions(sessions=world.sessions, now_ms=world.clock, limit=2)
        assert forget() == 0
        world.clock.advance(seconds=KEPT_MS / 1000 + 1)
        assert forget() == 7
        assert world.sessions.find(kept.session_id)
        assert not any(world.sessions.find(principal.session_id) for principal in ended)

    def test_what_nobody_uses_is_ended_and_then_forgotten(self) -> None:
        world = World()
        world.add("ann")
        mine = world.sign_in(a_sign_in("ann")).principal
        forget = ForgetSessions(sessions=world.sessions, now_ms=world.clock)
        world.clock.advance(seconds=SESSION_IDLE_MS / 1000)
        assert (forget(), world.sessions.find(mine.session_id) is None) == (1, False)
        world.clock.advance(seconds=KEPT_MS / 1000 + 1)
        assert (forget(), world.sessions.find(mine.session_id) is None) == (1, True)

    def test_it_takes_no_longer_than_it_may(self) -> None:
        """What is left waits for the next run."""
        world = World()
        world.add("ann")
        ended = [world.sign_in(a_sign_in("ann")).principal.session_id for _ in range(6)]
        world.sessions.end(ended, at=world.clock())
        world.clock.advance(seconds=KEPT_MS / 1000 + 1)
        clock = FakeClock(world.clock())

        def ticking() -> int:
            clock.advance(seconds=1)
            return clock()

        forget = ForgetSessions(sessions=world.sessions, now_ms=ticking, limit=2, budget_ms=2500)
        assert forget() == 4
        assert forget() == 2
