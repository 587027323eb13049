"""The rows of a conversation, and their lines."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from natter_terminal.layout import lay_out
from natter_terminal.rows import Row, Talk, rows_of, size_of
from tests.clients.terminal.world import NOON, said

MINUTE = 60_000
NAMES = {"ben": "Ben", "ann": "Ann", "eve": "E\x1bve\n"}


def written(client_id: str, text: str, state: str = "queued", **more: Any) -> dict[str, Any]:
    return {"client_id": client_id, "action": "send", "fields": {"content": {"type": "text", "text": text}}} | {
        "state": state,
        **more,
    }


def changing(action: str, seq: int, state: str = "queued", **fields: Any) -> dict[str, Any]:
    return {"client_id": f"c-{action}", "action": action, "fields": {"target_seq": seq, **fields}, "state": state}


def rows(*events: Mapping[str, Any], **more: Any) -> list[Row]:
    talk = Talk(me="ann", events=events, name_of=lambda user: NAMES.get(user, user), now=NOON, **more)
    return rows_of(talk)


def shown(row: Row, width: int = 40) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in lay_out(row, width)]


class TestBreaks:
    def test_days_headers_and_what_is_new(self) -> None:
        found = rows(
            said(1, "old", at=NOON - 2 * 24 * 60 * MINUTE),
            said(2, "one"),
            said(3, "two", at=NOON + MINUTE),
            said(4, "three", at=NOON + 2 * MINUTE),
            said(5, "mine", "ann", at=NOON + 3 * MINUTE),
            new_after=3,
        )
        assert [(row.kind, row.text, row.has_header) for row in found] == [
            ("day", "Friday, 27 February 2026", False),
            ("message", "old", True),
            ("day", "Today", False),
            ("message", "one", True),
            ("message", "two", False),
            ("new", "new", False),
            ("message", "three", True),
            ("message", "mine", True),
        ]

    def test_what_one_said_oneself_is_not_new(self) -> None:
        assert "new" not in [row.kind for row in rows(said(1, "a", "ann"), new_after=0)]

    def test_notes_in_words(self) -> None:
        created = {
            "seq": 1,
            "type": "conversation_created",
            "at": NOON,
            "sender_id": "ben",
            "kind": "group",
            "title": "T",
        }
        added = {"seq": 2, "type": "member_added", "at": NOON, "sender_id": "ben", "members": [{"user_id": "eve"}]}
        left = {"seq": 3, "type": "member_removed", "at": NOON, "sender_id": "eve", "user_id": "eve"}
        newer = {"seq": 4, "type": "never_heard_of", "at": NOON, "sender_id": "eve"}
        assert [row.text for row in rows(created, added, left, newer)] == [
            "Ben began T",
            "Ben added E␛ve",
            "E␛ve left",
        ]


class TestStates:
    def test_of_ones_own_up_to_read(self) -> None:
        found = rows(
            *(said(seq, "x", "ann") for seq in (1, 2, 3)),
            unsent=[written("a", "y", "acked"), written("b", "z")],
            others={"ben": {"read_seq": 1, "delivered_seq": 2}},
        )
        assert [row.state for row in found if row.kind == "message"] == [
            "read",
            "delivered",
            "placed",
            "acked",
            "queued",
        ]

    def test_an_echo_keeps_its_key_when_it_has_its_place(self) -> None:
        before = rows(unsent=[written("a", "y")])[-1]
        after = rows(said(1, "y", "ann", client_id="a"))[-1]
        assert before.key == after.key

    def test_a_refusal_says_why(self) -> None:
        refused = written("a", "y", "refused", error={"code": "not_member", "detail": "gone\x1b[m"})
        assert shown(rows(unsent=[refused])[-1])[-1] == "  not sent: gone␛[m (R again, D away)"

    def test_in_groups_how_many_have_read(self) -> None:
        others = {"ben": {"read_seq": 1, "delivered_seq": 1}, "eve": {"read_seq": 2, "delivered_seq": 2}}
        assert shown(rows(said(1, "x", "ann"), others=others, is_direct=False)[-1])[-1] == "  x read 2"


class TestEcho:
    def test_changes_are_shown_before_they_have_their_place(self) -> None:
        reactions = [{"reaction": "+", "count": 1, "mine": False, "user_ids": ["ben"]}]
        event = said(1, "old", "ann", reactions=reactions)
        edit = changing("edit", 1, content={"type": "text", "text": "new"})
        (row,) = (row for row in rows(event, unsent=[edit, changing("react", 1, reaction="+")]) if row.seq == 1)
        assert (row.text, row.reactions) == ("new", (("+", 2, True),))
        assert shown(row)[-2:] == ["  new edited …", "  [+ 2]"]
        assert rows(event, unsent=[changing("delete", 1)])[-1].is_deleted

    def test_one_that_is_refused_changes_nothing_and_says_so(self) -> None:
        edit = changing("edit", 1, "refused", content={"type": "text", "text": "new"})
        row = rows(said(1, "old", "ann"), unsent=[edit])[-1]
        assert shown(row)[-2:] == ["  old ✓", "  edit not sent (R again, D away)"]


class TestMessages:
    def test_replies_quote_safely(self) -> None:
        events = {1: said(1, "first\nsecond \x1b]8;;x\x07", "eve")}
        row = rows(said(2, "yes", reply_to=1), event_at=events.get)[-1]
        assert shown(row, 60) == ["Ben 12:00", "  ┃ E␛ve: first second ␛]8;;x␇", "  yes"]
        assert shown(rows(said(2, "yes", reply_to=9))[-1])[1] == "  ┃ a message further up"

    def test_mentions_are_marked(self) -> None:
        row = rows(said(1, "hi @Ann and @Ben", mentions=["ann", "ben"]))[-1]
        assert row.mentions_me
        assert lay_out(row, 40)[1] == (
            ("  ", ""), ("hi ", "text"), ("@Ann", "mention"), (" and ", "text"), ("@Ben", "mention")
        )  # fmt: skip

    def test_files_and_sealed_ones(self) -> None:
        file = said(1, "") | {"content": {"type": "attachment", "attachment_id": "a"}}
        assert shown(rows(file, file_of={"a": ("x\n.pdf", 1234)}.get)[-1])[1] == "  [file] x .pdf, 1.2 KB"
        assert shown(rows(file)[-1])[1] == "  [file] a file"
        assert "sealed" in rows(said(1, "") | {"content": {"type": "sealed"}})[-1].text

    def test_sizes_for_people(self) -> None:
        assert [size_of(each) for each in (0, 999, 1000, 12_345, 104_857_600)] == [
            "0 B",
            "999 B",
            "1.0 KB",
            "12 KB",
            "105 MB",
        ]

    @given(st.text(), st.text(max_size=12), st.text(min_size=1, max_size=8), st.integers(20, 90))
    def test_no_line_is_wider_than_the_pane(self, text: str, name: str, reaction: str, width: int) -> None:
        reactions: list[dict[str, Any]] = [
            {"reaction": reaction, "count": 2, "mine": mine, "user_ids": []} for mine in (True, False)
        ]
        talk = Talk(
            me="ann",
            events=[said(1, text, reactions=reactions, reply_to=1, mentions=["x"]), said(2, text, "ann", edited_at=1)],
            unsent=[written("a", text, "refused", error={"detail": text})],
            name_of=lambda _: name,
            event_at=lambda _: said(1, text),
            edge=name,
        )
        for row in rows_of(talk):
            for line in lay_out(row, width):
                assert sum(cell_len(piece) for piece, _ in line) <= width
