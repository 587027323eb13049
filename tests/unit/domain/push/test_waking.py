"""Every clause of who is woken, and what holds for all settings and moments."""

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from natter.domain.accounts.notifications import Notifications, QuietHours
from natter.domain.ids import ConversationId, DeviceId, UserId
from natter.domain.messages.events import Event
from natter.domain.push.waking import (
    CLOCKS_MS,
    MAX_AGE_MS,
    WAIT_MS,
    WAIT_ONLINE_MS,
    Decision,
    Later,
    Message,
    Never,
    Reachable,
    Reason,
    Recipient,
    Wake,
    decide,
)

PHONE, LAPTOP = DeviceId("phone"), DeviceId("laptop")
BEN, ANN = UserId("ben"), UserId("ann")
AT = 1_800_000_000_000
SAID = Message(conversation_id=ConversationId("c"), seq=7, at=AT, sender_id=ANN)
MENTION = replace(SAID, mentions=frozenset({BEN}))
WISHES = Reachable(kind="group", title="Tea")
AWAY = Recipient(user_id=BEN, reachable=WISHES, read_seq=6)
DUE = AT + WAIT_MS
ALL_DAY = Notifications(quiet=QuietHours(begins=time(0), ends=time(0), time_zone=ZoneInfo("UTC")))


def of_ben(message: Message = SAID, *, now: int = DUE, **but: object) -> Decision:
    """`but`: what of `AWAY`, or of their wishes, is otherwise."""
    wishes = {name: value for name, value in but.items() if hasattr(WISHES, name)}
    own = {name: value for name, value in but.items() if name not in wishes}
    recipient = replace(AWAY, **{"reachable": replace(WISHES, **wishes), **own})  # type: ignore[arg-type]
    return decide(message, recipient, PHONE, now)


def test_a_device_of_who_is_away_is_woken_after_two_seconds() -> None:
    assert of_ben(now=DUE - 1) == Later(at=DUE)
    assert of_ben(now=DUE) == Wake(wishes=WISHES)


def test_of_who_is_online_on_another_device_after_thirty() -> None:
    online = {LAPTOP: True}

    assert of_ben(connected=online) == Later(at=AT + WAIT_ONLINE_MS)
    assert isinstance(of_ben(connected=online, now=AT + WAIT_ONLINE_MS), Wake)


def test_a_device_that_says_it_is_away_is_not_waited_for() -> None:
    assert isinstance(of_ben(connected={LAPTOP: False}), Wake)


def test_it_is_decided_as_it_is_when_it_is_due() -> None:
    """Who is muted, or connected, at a look before may be neither when it is due."""
    assert of_ben(now=AT, connected={PHONE: True}, muted_until=DUE) == Later(at=DUE)


@pytest.mark.parametrize(
    ("reason", "message", "but"),
    [
        ("connected", SAID, {"connected": {PHONE: False}}),
        ("own", replace(SAID, sender_id=BEN), {}),
        ("not_member", SAID, {"reachable": None}),
        ("not_member", MENTION, {"joined_at": AT + CLOCKS_MS + 1}),
        ("read", SAID, {"read_seq": 7}),
        ("muted", SAID, {"muted_until": DUE + 1}),
        ("muted", MENTION, {"muted_until": DUE + 1, "notifications": Notifications(mentions_pierce_mute=False)}),
        ("silenced", SAID, {"notify": "mentions"}),
        ("silenced", MENTION, {"notify": "none"}),
        ("quiet", SAID, {"notifications": ALL_DAY}),
        ("quiet", MENTION, {"notifications": ALL_DAY}),
        ("blocked", SAID, {"blocked": True}),
        ("blocked", MENTION, {"blocked": True}),
    ],
)
def test_who_is_not_woken(reason: Reason, message: Message, but: dict[str, object]) -> None:
    assert of_ben(message, **but) == Never(reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "but"),
    [
        (SAID, {"muted_until": DUE}),
        (SAID, {"joined_at": AT + CLOCKS_MS}),
        (MENTION, {"muted_until": DUE + 1}),
        (MENTION, {"notify": "mentions"}),
        (MENTION, {"notify": "mentions", "muted_until": DUE + 1}),
    ],
)
def test_who_is_woken_all_the_same(message: Message, but: dict[str, object]) -> None:
    assert isinstance(of_ben(message, **but), Wake)  # type: ignore[arg-type]


def test_what_is_older_than_an_hour_wakes_nobody() -> None:
    assert isinstance(of_ben(now=AT + MAX_AGE_MS), Wake)
    assert of_ben(now=AT + MAX_AGE_MS + 1) == Never(reason="old")


def test_a_message_is_read_from_its_event() -> None:
    payload = {"content": {"type": "text", "text": "Hi Ben"}, "mentions": ["ben"]}
    event = Event(
        conversation_id=ConversationId("c"),
        seq=7,
        type="message",
        at=AT,
        sender_id=ANN,
        client_id="1",
        payload=payload,
        messages=5,
    )

    assert Message.of(event) == MENTION


wishes = st.builds(
    Reachable,
    kind=st.just("group"),
    joined_at=st.integers(AT - MAX_AGE_MS, AT + MAX_AGE_MS),
    blocked=st.booleans(),
    muted_until=st.none() | st.integers(AT - MAX_AGE_MS, AT + 2 * MAX_AGE_MS),
    notify=st.sampled_from(["all", "mentions", "none"]),
    notifications=st.builds(
        Notifications,
        mentions_pierce_mute=st.booleans(),
        quiet=st.none()
        | st.builds(
            QuietHours,
            begins=st.times(),
            ends=st.times(),
            time_zone=st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Zurich"), ZoneInfo("Asia/Kathmandu")]),
        ),
    ),
)
recipients = st.builds(
    Recipient,
    user_id=st.sampled_from([BEN, ANN]),
    reachable=st.none() | wishes,
    read_seq=st.integers(0, 9),
    connected=st.dictionaries(st.sampled_from([PHONE, LAPTOP]), st.booleans()),
)
messages = st.sampled_from([SAID, MENTION])
moments = st.integers(AT - 5_000, AT + 2 * MAX_AGE_MS)


@given(messages, recipients, moments)
def test_looking_again_when_told_to_ends_it(message: Message, recipient: Recipient, now: int) -> None:
    decision = decide(message, recipient, PHONE, now)
    if isinstance(decision, Later):
        assert now < decision.at <= message.at + WAIT_ONLINE_MS
        assert not isinstance(decide(message, recipient, PHONE, decision.at), Later)


@given(messages, recipients, moments)
def test_whoever_is_woken_is_away_for_everybody_who_could_see_it(
    message: Message, recipient: Recipient, now: int
) -> None:
    if isinstance(decide(message, recipient, PHONE, now), Wake):
        assert recipient.reachable is not None
        assert recipient.user_id != message.sender_id
        assert recipient.read_seq < message.seq
        assert PHONE not in recipient.connected
        assert not recipient.reachable.blocked
        assert recipient.reachable.joined_at <= message.at + CLOCKS_MS
        assert WAIT_MS <= now - message.at <= MAX_AGE_MS
        assert recipient.reachable.notify != "none"


@given(messages, recipients, moments, st.integers(0, MAX_AGE_MS))
def test_what_is_decided_for_good_stays_so(message: Message, recipient: Recipient, now: int, later: int) -> None:
    decision = decide(message, recipient, PHONE, now)
    if isinstance(decision, Never) and decision.reason in {"own", "old", "read"}:
        assert isinstance(decide(message, recipient, PHONE, now + later), Never)


@given(recipients, moments)
def test_a_mention_wakes_whoever_any_message_wakes(recipient: Recipient, now: int) -> None:
    if isinstance(decide(SAID, recipient, PHONE, now), Wake):
        assert isinstance(decide(MENTION, recipient, PHONE, now), Wake)
