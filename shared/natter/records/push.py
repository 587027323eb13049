"""Messages of the queue of those who may have to be woken."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from natter.domain.ids import ConversationId, UserId
from natter.domain.push.waking import Message
from natter.domain.push.waves import Candidates, Wave
from natter.records.base import loaded_message

WAVE_SCHEMA = "wave/1"


class _Candidates(BaseModel):
    model_config = ConfigDict(frozen=True)

    conversation_id: ConversationId
    seq: int
    at: int
    sender_id: UserId
    users: tuple[UserId, ...]
    mentions: frozenset[UserId]


class _Wave(BaseModel):
    model_config = ConfigDict(frozen=True)

    schema_: Annotated[str, Field(alias="schema", pattern=f"^{WAVE_SCHEMA}$")]
    candidates: tuple[_Candidates, ...]
    badges: tuple[UserId, ...]
    attempt: int


def dump_wave(wave: Wave) -> str:
    return to_json(
        {
            "schema": WAVE_SCHEMA,
            "candidates": [
                {
                    "conversation_id": each.message.conversation_id,
                    "seq": each.message.seq,
                    "at": each.message.at,
                    "sender_id": each.message.sender_id,
                    "users": each.users,
                    "mentions": sorted(each.message.mentions),
                }
                for each in wave.candidates
            ],
            "badges": wave.badges,
            "attempt": wave.attempt,
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
            Candidates(
                message=Message(
                    conversation_id=each.conversation_id,
                    seq=each.seq,
                    at=each.at,
                    sender_id=each.sender_id,
                    mentions=each.mentions,
                ),
                users=each.users,
            )
            for each in wave.candidates
        ),
        badges=wave.badges,
        attempt=wave.attempt,
    )
