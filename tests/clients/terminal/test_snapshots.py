"""
How it looks, as pictures: each is compared with the one in `snapshots/`.

`NATTER_SNAPSHOTS=write` writes them anew: look at them before they are committed.
"""

import os
import re
from pathlib import Path

import pytest

from tests.clients.terminal.world import NOON, Kept, alone, said, shows

FOLDER = Path(__file__).parent / "snapshots"
MINUTE = 60_000
FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""They would be fetched from elsewhere by who looks at a picture."""


def a_talk(path: Path) -> Path:
    kept = Kept(path)
    reactions = [
        {"reaction": "👍🏽", "count": 2, "mine": True, "user_ids": ["ben", "ann"]},
        {"reaction": "🎉", "count": 1, "mine": False, "user_ids": ["ben"]},
    ]
    team = {"type": "conversation_created", "sender_id": "ben", "kind": "group", "title": "Team 日本", "members": []}
    kept.group(
        "c-team",
        "Team 日本",
        {"seq": 1, "at": NOON - 2000 * MINUTE, **team},
        said(2, "Who comes to lunch? @Ann", at=NOON - 1500 * MINUTE, mentions=["ann"]),
        said(
            3,
            "東京で会いましょう。家族も来ます 👨\u200d👩\u200d👧 ❤\ufe0f 🇯🇵",
            "eve",
            at=NOON - 30 * MINUTE,
            reply_to=2,
        ),
        said(4, "I do!", "ann", at=NOON - 20 * MINUTE, reactions=reactions, edited_at=1),
        said(5, "\x1b[31mred\x1b[0m and \u202eback", "eve", at=NOON - 10 * MINUTE),
        said(6, "gone", at=NOON - 9 * MINUTE) | {"content": None, "deleted_at": 1},
        unread=2,
        others={"ben": {"read_seq": 4, "delivered_seq": 4}},
    )
    kept.direct("c-ben", "ben", said(1, "hi", at=NOON - 5 * MINUTE), unread=1)
    kept.direct("c-eve", "eve", said(1, "hi", "ann", at=NOON - 4 * MINUTE))
    kept.refused("c-team", "too much", "it takes another role")
    kept.opened("c-team")
    kept.close()
    return path


class TestLooks:
    @pytest.mark.parametrize(
        ("name", "size", "theme"),
        [("80x24", (80, 24), "textual-dark"), ("wide", (130, 30), "textual-light"), ("narrow", (40, 30), "nord")],
    )
    async def test_it_looks_as_it_did(self, tmp_path: Path, name: str, size: tuple[int, int], theme: str) -> None:
        app = alone(a_talk(tmp_path / "a.db"))
        async with app.run_test(size=size) as pilot:
            app.theme = theme
            await shows(pilot, "OFFLINE")
            await pilot.press("ctrl+up", "up", "up", "up", "up")
            await shows(pilot, "r reply")
            await pilot.pause()
            picture = FONTS.sub("", app.export_screenshot())
        file = FOLDER / f"{name}.svg"
        if os.environ.get("NATTER_SNAPSHOTS") == "write":
            file.parent.mkdir(exist_ok=True)
            file.write_text(picture)
        if picture != file.read_text():
            (tmp_path / file.name).write_text(picture)
            pytest.fail(f"it looks different: compare {tmp_path / file.name} with {file}")
