"""Whatever a frame holds, it is answered, and its connection lives on."""

import json
import secrets
from typing import Any

import pytest

from tests.security.inputs import FRAME_LIMIT_BYTES, RAW, variations
from tests.security.rows import ACTIONS
from tests.support.api import Api
from tests.support.socket import Frame, Socket, is_gateway_failure

NOT_TEXT = {"no UTF-8", "half a surrogate pair as bytes"}
"""Not to be put into a text frame: the gateway closes (RFC 6455, 8.1)."""

TOO_LARGE = {name for name, raw in RAW.items() if len(raw) > FRAME_LIMIT_BYTES}


async def answer(phone: Socket, frame: dict[str, Any]) -> Frame:
    """What comes back with the frame's `id`; of one that is too long for an answer, the beginning."""
    since = len(phone.frames)
    request = secrets.token_hex(8)
    await phone.send({**frame, "id": request})
    return await phone.until(lambda each: each.get("id") == request or is_gateway_failure(each), since=since)


@pytest.mark.parametrize("action", ACTIONS)
class TestFrames:
    async def test_each_value_may_be_anything(self, api: Api, action: str) -> None:
        """But a fault of ours."""
        eve, bob = await api.sign_up("eve"), await api.sign_up("bob")
        ids = {"conversation_id": await eve.direct(bob), "user_id": bob.user_id}
        phone = await eve.connect()
        for what, frame in variations(dict(ACTIONS[action].frame(ids))):
            if len(json.dumps(frame, ensure_ascii=False)) > FRAME_LIMIT_BYTES:  # closes
                continue
            told = await answer(phone, {"action": action, **frame})
            assert told.get("type") in {"ack", "ok", "pong", "error"}, (what, told)
            assert told.get("code") not in {"internal", "unavailable"}, (what, told)
        await phone.ping()


@pytest.mark.parametrize("raw", sorted(RAW.keys() - NOT_TEXT - TOO_LARGE - {"empty"}))
async def test_what_is_no_frame_is_refused(api: Api, raw: str) -> None:
    phone = await (await api.sign_up("eve")).connect()
    await phone.send(RAW[raw].decode())
    assert (await phone.until(lambda frame: frame.get("type") == "error"))["code"] == "bad_request"
    await phone.ping()


@pytest.mark.parametrize("action", ["', '1'='1", "send\r\n", "$disconnect", "SEND", "x" * 1000, "\0", "{}", "../send"])
async def test_no_other_action_is_known(api: Api, action: str) -> None:
    phone = await (await api.sign_up("eve")).connect()
    assert (await answer(phone, {"action": action}))["code"] == "unknown_action"
    await phone.ping()
