"""What is safe to draw is as wide in a terminal as it is taken for: tmux is asked where its cursor is."""

from pathlib import Path

import pytest
from rich.cells import cell_len

from natter_terminal.safe import safe_line
from tests.support.tmux import tmux

TEXTS = (
    "plain",
    "日本語 한국어",
    "👍🏽 👨\u200d👩\u200d👧 😀",
    "❤\ufe0f 1\ufe0f\u20e3 ☕ ✓",
    "🇩🇪🇨🇭 🏴\U000e0067\U000e0062\U000e007f",
    "สวัสดีครับ",
    "e\u0301 a\u0308\u0301\u0302\u0303\u0304\u0305",
    "\x1b[31m \x9b1m \u202e x\u200by \ufeff",
    "─┃●○◐… ｱｲｳ 、",
)


class TestWidth:
    async def test_a_terminal_agrees(self, tmp_path: Path) -> None:
        with tmux(tmp_path) as terminal:
            terminal.start(["cat"], size=(80, 24), env={})
            pane = Path(terminal.run("display-message", "-p", "#{pane_tty}").strip())
            found = {}
            for number, text in enumerate(TEXTS):
                line, mark = safe_line(text), f"<{number}>"
                pane.write_bytes(f"\r\x1b[2K{line}{mark}".encode())  # noqa: ASYNC240 - into a terminal
                await terminal.shows(mark)
                found[line] = int(terminal.run("display-message", "-p", "#{cursor_x}")) - len(mark)
        assert found == {safe_line(text): cell_len(safe_line(text)) for text in TEXTS}

    @pytest.mark.parametrize("text", TEXTS)
    def test_each_character_is_as_wide_alone_as_with_others(self, text: str) -> None:
        line = safe_line(text)
        assert cell_len(line) == sum(map(cell_len, line))
