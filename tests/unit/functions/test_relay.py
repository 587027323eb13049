import pytest

from functions.relay.handler import IncompleteSweepError, build
from natter.usecases.conversations.relay import Swept


def test_says_how_much_it_told() -> None:
    assert build(lambda: Swept(announced=3, replaced=1, failed=0))({}, None) == {"announced": 3, "replaced": 1}


def test_fails_while_something_stays_untold() -> None:
    """So that its alarm rings when that does not pass."""
    with pytest.raises(IncompleteSweepError, match="2 conversations"):
        build(lambda: Swept(announced=3, replaced=0, failed=2))({}, None)
