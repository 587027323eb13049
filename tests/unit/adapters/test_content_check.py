import logging
import sys
from types import ModuleType

import pytest

from natter.adapters.content_check import NamedCheck
from natter.domain.errors import Forbidden, Unavailable
from natter.domain.messages.commands import Command
from tests.messages import a_command, a_post


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An operator's own module."""
    module = ModuleType("rules_of_ours")
    monkeypatch.setitem(sys.modules, "rules_of_ours", module)
    return module


class TestNamedCheck:
    def test_it_is_shown_the_command_and_lets_it_pass(self, rules: ModuleType) -> None:
        seen: list[Command] = []
        rules.look = seen.append  # type: ignore[attr-defined]
        command = a_command(a_post("m1"))
        NamedCheck("rules_of_ours:look")(command)
        assert seen == [command]

    def test_a_refusal_is_told_as_it_is(self, rules: ModuleType) -> None:
        def refuse(command: Command) -> None:
            raise Forbidden(f"content: {len(command.items)} too many")

        rules.refuse = refuse  # type: ignore[attr-defined]
        with pytest.raises(Forbidden, match="content: 1 too many"):
            NamedCheck("rules_of_ours:refuse")(a_command(a_post("m1")))

    def test_one_that_fails_lets_nothing_pass_and_logs_nothing_that_was_said(
        self, rules: ModuleType, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Fails closed."""

        def fail(command: Command) -> None:
            raise KeyError(str(command))

        rules.fail = fail  # type: ignore[attr-defined]
        with caplog.at_level(logging.ERROR), pytest.raises(Unavailable, match="content check"):
            NamedCheck("rules_of_ours:fail")(a_command(a_post("m1", "my secret")))
        assert "KeyError" in caplog.text
        assert "my secret" not in caplog.text

    @pytest.mark.parametrize("name", ["no_such_module_of_ours:look", "natter.adapters.content_check:nothing"])
    def test_a_name_that_leads_nowhere_is_an_error_at_once(self, name: str) -> None:
        with pytest.raises((ImportError, AttributeError)):
            NamedCheck(name)
