"""Messages of the queue of those who may have to be woken."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave
from natter.records.base import loaded_message

WAVE_SCHEMA = "wave/1"


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    seq: int
    at: int
    sender_id: UserId
    mentions: tuple[int, ...]
    """By their number among the users."""


class _Candidates(BaseModel):
    model_config = ConfigDict(frozen=True)

    conversation_id: ConversationId
    messages: Annotated[tuple[_Message, ...], Field(min_length=1)]
    users: tuple[UserId, ...]


class _Wave(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{WAVE_SCHEMA}$")]
    candidates: tuple[_Candidates, ...]
    badges: tuple[UserId, ...]
    attempt: int
    crowd: bool
    not_before: int = 0


def dump_wave(wave: Wave) -> str:
    return to_json(
        {
            "schema": WAVE_SCHEMA,
            "candidates": [
                {
                    "conversation_id": each.conversation_id,
                    "messages": [_dumped(message, each.users) for message in each.messages],
                    "users": each.users,
                }
                for each in wave.candidates
            ],
            "badges": wave.badges,
            "attempt": wave.attempt,
            "crowd": wave.crowd,
            "not_before": wave.not_before,
        }
    ).decode()


def load_wave(body: str) -> Wave:
    """
    Raises:
        BadRecordError: it is no wave of a schema that is known here.
    """
    wave = loaded_message(_Wave, body)
    return Wave(
        candidates=tuple(
            Candidates(messages=tuple(_loaded(message, each) for message in each.messages), users=each.users)
            for each in wave.candidates
        ),
        badges=wave.badges,
        attempt=wave.attempt,
        crowd=wave.crowd,
        not_before=wave.not_before,
    )


def _dumped(message: Message, users: Sequence[UserId]) -> Mapping[str, Any]:
    return {
        "seq": message.seq,
        "at": message.at,
        "sender_id": message.sender_id,
        "mentions": [number for number, user in enumerate(users) if user in message.mentions],
    }


def _loaded(message: _Message, of: _Candidates) -> Message:
    return Message(
        conversation_id=of.conversation_id,
        seq=message.seq,
        at=message.at,
        sender_id=message.sender_id,
        mentions=frozenset(of.users[number] for number in message.mentions),
    )
