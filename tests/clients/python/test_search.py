"""What is found is what the store holds, as it is now, in whatever language."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from natter_client import search
from natter_client.search import Search
from natter_client.store import Store


def a_message(seq: int, text: str, **more: object) -> dict[str, object]:
    content = {"type": "text", "text": text}
    return {"seq": seq, "type": "message", "at": 1000 + seq, "sender_id": "ben", "content": content, **more}


def keep(store: Store, conversation: str, *events: dict[str, object]) -> None:
    with store.transaction():
        store.move(conversation, 1, len(events), len(events))
        store.show(conversation, [(event, int(str(event["seq"]))) for event in events], fresh=False)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "x.db")
    yield made
    made.close()


@pytest.fixture
def index(store: Store) -> Iterator[Search]:
    made = Search(store.path)
    made.fill()
    yield made
    made.close()


def places(found: list[search.Found]) -> list[int]:
    return [each.seq for each in found]


class TestFinding:
    def test_words_and_parts_of_them_newest_first(self, store: Store, index: Search) -> None:
        keep(store, "c", a_message(1, "Lunch at noon?"), a_message(2, "NOON it is"), a_message(3, "No"))
        assert places(index.find("noon")) == [2, 1]
        assert places(index.find("unc noo")) == [1]
        assert index.find("noon never") == []

    @pytest.mark.parametrize("words", ["東京", "東京タワー", "タ", "โรงแรม", "서울"])
    def test_languages_without_spaces(self, store: Store, index: Search, words: str) -> None:
        keep(
            store, "c", a_message(1, "東京タワーで会いましょう"), a_message(2, "จองโรงแรมแล้ว"), a_message(3, "서울에서")
        )
        assert len(index.find(words)) == 1

    @pytest.mark.parametrize("words", ['"', "%", "_", "a\\b", "NEAR(a b)", "text:x", "*", "'; --", "\0"])
    def test_what_means_something_to_sqlite_means_itself(self, store: Store, index: Search, words: str) -> None:
        keep(store, "c", a_message(1, "nothing of the kind"))
        assert index.find(words) == []
        keep(store, "c", a_message(1, f"it is {words} here"))
        assert places(index.find(words)) == ([1] if words.strip("\0") else [])

    def test_of_one_conversation(self, store: Store, index: Search) -> None:
        keep(store, "c", a_message(1, "hello"))
        keep(store, "d", a_message(1, "hello"))
        assert [each.conversation_id for each in index.find("hello", conversation_id="d")] == ["d"]
        assert len(index.find("hello")) == 2

    def test_files_by_name_and_caption(self, store: Store, index: Search) -> None:
        content = {"type": "attachment", "attachment_id": "a", "name": "Budget.xlsx", "text": "for you"}
        keep(store, "c", a_message(1, "") | {"content": content})
        assert [each.text for each in index.find("budget you")] == ["Budget.xlsx for you"]


class TestChanges:
    def test_what_was_edited_or_deleted_is_not_found_any_more(self, store: Store, index: Search) -> None:
        keep(store, "c", a_message(1, "the secret"), a_message(2, "the secret, too"))
        deleted = a_message(2, "", deleted_at=5)
        del deleted["content"]
        keep(store, "c", a_message(1, "the weather"), deleted)
        assert (index.find("secret"), places(index.find("weather"))) == ([], [1])

    def test_nor_what_was_dropped_or_may_not_be_read(self, store: Store, index: Search) -> None:
        keep(store, "c", a_message(1, "the secret"), a_message(2, "the secret"))
        store.move("c", 2, 2, 2)
        assert places(index.find("secret")) == [2]
        store.drop("c")
        assert index.find("secret") == []
        assert index._sql.execute("SELECT count(*) FROM search_places").fetchone() == (0,)
        index._sql.execute("INSERT INTO search_grams (search_grams, rank) VALUES ('integrity-check', 1)")

    def test_what_an_edit_says_is_found_at_the_message_alone(self, store: Store, index: Search) -> None:
        edit = a_message(2, "the weather") | {"type": "edit", "target_seq": 1}
        keep(store, "c", a_message(1, "the weather"), edit)
        assert places(index.find("weather")) == [1]

    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["alpha", "beta", "alpha beta", "東京都", None]))))
    def test_the_index_is_what_the_store_holds(self, changes: list[tuple[int, str | None]]) -> None:
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(Store(Path(folder, "x.db"))) as store:
            store._sql.execute("PRAGMA synchronous = OFF")
            with contextlib.closing(Search(store.path)) as index:
                self.play(changes, store, index)

    def play(self, changes: list[tuple[int, str | None]], store: Store, index: Search) -> None:
        held: dict[int, str] = {}
        for seq, text in changes:
            event = a_message(seq, text or "")
            held.pop(seq, None)
            if text is None:
                del event["content"]
            else:
                held[seq] = text
            store.show("c", [(event, seq)], fresh=True)
        for word in ("alpha", "beta", "東京都"):
            assert sorted(places(index.find(word))) == sorted(seq for seq, text in held.items() if word in text)
        store._sql.execute("INSERT INTO search_grams (search_grams, rank) VALUES ('integrity-check', 1)")


class TestFilling:
    def test_what_was_there_before_is_taken_in_once(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "AT_ONCE", 2)
        keep(store, "c", *(a_message(seq, f"hello {seq}") for seq in range(1, 6)))
        index = Search(store.path)
        assert index.find("hello") == []
        keep(store, "c", *(a_message(seq, f"hello {seq}") for seq in range(1, 6)), a_message(6, "hello"))
        index.fill()
        index.fill()
        assert places(index.find("hello")) == [6, 5, 4, 3, 2, 1]
        index.close()

    def test_it_goes_on_where_it_was_interrupted(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(search, "AT_ONCE", 2)
        keep(store, "c", *(a_message(seq, "hello") for seq in range(1, 6)))
        index = Search(store.path)
        index._fill("c", -1)
        index.close()
        again = Search(store.path)
        again.fill()
        assert len(again.find("hello")) == 5
        again._sql.execute("INSERT INTO search_grams (search_grams, rank) VALUES ('integrity-check', 1)")
        again.close()

    def test_what_a_step_takes_back_is_not_found(self, store: Store, index: Search) -> None:
        def fail() -> None:
            with store.transaction():
                store.show("c", [(a_message(1, "hello"), 1)], fresh=False)
                raise InterruptedError

        with pytest.raises(InterruptedError):
            fail()
        assert index.find("hello") == []
