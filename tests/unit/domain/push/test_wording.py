import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.ids import ConversationId
from natter.domain.messages.events import JsonObject
from natter.domain.push.wording import MAX_BODY, body, collapse_id, cut, gathered, title

TEXT = {"type": "text", "text": "Tea?"}
FILE = {"type": "attachment", "attachment_id": "1"}
SEALED = {"type": "sealed", "scheme": "mls", "ciphertext": "AAAA"}


def test_a_title_says_who_and_in_a_group_where() -> None:
    assert title("Ann", None) == "Ann"
    assert title("Ann", "Tea") == "Ann in Tea"


@pytest.mark.parametrize(
    ("content", "content_type", "said"),
    [
        (TEXT, None, "Tea?"),
        (FILE | {"text": "Look"}, "image/png", "Look"),
        (FILE, "image/png", "Photo"),
        (FILE, "IMAGE/JPEG", "Photo"),
        (FILE, "video/mp4", "Video"),
        (FILE, "audio/ogg", "Audio"),
        (FILE, "application/pdf", "File"),
        (FILE, None, "File"),
        (SEALED, None, "Message"),
    ],
)
def test_a_body_says_what_the_message_says(content: JsonObject, content_type: str | None, said: str) -> None:
    assert body(content, previews=True, content_type=content_type) == said


@pytest.mark.parametrize("content", [TEXT, FILE, SEALED])
def test_without_previews_it_says_that_there_is_one(content: JsonObject) -> None:
    assert body(content, previews=False, content_type="image/png") == "Message"


def test_several_are_counted() -> None:
    assert gathered(4) == "4 new messages"


@given(st.text(max_size=3 * MAX_BODY))
def test_a_long_text_is_cut_between_code_points(text: str) -> None:
    short = cut(text)

    assert len(short) <= MAX_BODY
    assert short == text or (len(short) == MAX_BODY and text.startswith(short[:-1]) and short.endswith("…"))


@given(st.text(min_size=1, max_size=64), st.text(min_size=1, max_size=64))
def test_a_collapse_id_is_one_for_each_conversation(one: str, other: str) -> None:
    ids = collapse_id(ConversationId(one)), collapse_id(ConversationId(other))

    assert (ids[0] == ids[1]) == (one == other)
    assert all(len(each) == 32 for each in ids)
    assert set("".join(ids)) <= set(string.ascii_letters + string.digits + "-_")
