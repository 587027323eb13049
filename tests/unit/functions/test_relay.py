import json

import pytest

from functions.relay.handler import IncompleteSweepError, build
from natter.domain.errors import Unavailable
from natter.telemetry import recorder
from natter.usecases.conversations.relay import Relayed


def test_says_how_much_it_told() -> None:
    assert build(lambda: Relayed(announced=3, replaced=1, failed=0), lambda: 0, lambda: 0)({}, None) == {
        "announced": 3,
        "replaced": 1,
    }


def test_fails_while_something_stays_untold() -> None:
    """So that its alarm rings when that does not pass."""
    with pytest.raises(IncompleteSweepError, match="2 conversations"):
        build(lambda: Relayed(announced=3, replaced=0, failed=2), lambda: 0, lambda: 0)({}, None)


def test_forgets_sessions_whatever_stays_untold() -> None:
    forgotten: list[int] = []

    def forget_sessions() -> int:
        forgotten.append(1)
        return 1

    with pytest.raises(IncompleteSweepError):
        build(lambda: Relayed(announced=0, replaced=0, failed=1), forget_sessions, lambda: 0)({}, None)
    assert forgotten == [1]


def test_says_how_old_the_password_is(capsys: pytest.CaptureFixture[str]) -> None:
    build(lambda: Relayed(announced=0, replaced=0, failed=0), lambda: 0, lambda: 3_600_000)({}, None)
    recorder.flush()
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["LoginAge"] == 3600


def test_goes_on_where_nobody_says_how_old_it_is() -> None:
    def silent() -> int:
        raise Unavailable("secrets")

    done = build(lambda: Relayed(announced=1, replaced=0, failed=0), lambda: 0, silent)({}, None)
    assert done == {"announced": 1, "replaced": 0}
