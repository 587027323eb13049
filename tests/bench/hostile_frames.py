"""What a hostile user may send over a socket: each of these goes on until it is ended."""

import itertools
import json
import secrets

from tests.bench.villain import Villain
from tests.e2e.test_errors import NOT_UNDERSTOOD, WRONG_FIELDS
from tests.support.socket import message, text

FAR = (2147483647, 2147483648, 2147483648000, 2147483648001, 2**53 - 1, 2**53, 2**63, 10**30, 0, -1, 1.5, "3", None)
"""Places that no conversation has; some are no places at all."""
HAN, FOX = "\u6f22", "\U0001f98a"
LARGEST = HAN * 8000
LARGEST_EDIT = FOX * 6100
LONGEST_ID = "u" * 64
KB = 1024


async def far_places(villain: Villain) -> None:
    for seq in itertools.cycle(FAR):
        await villain.amend("react", seq, reaction="+1")
        await villain.amend("edit", seq, content=text("far away"))
        await villain.amend("delete", seq)
        await villain.send(villain.den, message("an answer") | {"reply_to": seq})


async def largest(villain: Villain) -> None:
    """Twenty of the largest messages without waiting; an edit of another script; as many mentions as there may be."""
    while True:
        seq = await villain.say("to be edited")
        for _ in range(20):
            await villain.send(villain.den, message(LARGEST))
        for _ in range(5):
            await villain.amend("edit", seq, content=text(LARGEST_EDIT))
        for _ in range(5):
            await villain.send(villain.den, message("you all") | {"mentions": [LONGEST_ID] * 100})
        await villain.send(villain.den, message(FOX * 8000))


async def amendments(villain: Villain) -> None:
    """Of what is deleted; then more reactions, and more edits, than a message takes."""
    while True:
        seq = await villain.say("soon to be deleted")
        await villain.amend("delete", seq)
        await villain.amend("edit", seq, content=text("not deleted"))
        await villain.amend("react", seq, reaction="-1")
        seq = await villain.say("of great interest")
        for number in range(55):
            await villain.amend("react", seq, reaction=chr(0x1F600 + number))
        for remove in (False, True) * 5:
            await villain.amend("react", seq, reaction=chr(0x1F600), remove=remove)
        for number in range(105):
            await villain.amend("edit", seq, content=text(f"version {number}"))


async def repetitions(villain: Villain) -> None:
    """The same again, and the refused again: twenty at once."""
    said = [message(f"again and again {number}") for number in range(20)]
    refused = [{"client_id": secrets.token_hex(8), "target_seq": 10**6} for _ in range(20)]
    while True:
        await villain.send(villain.den, *said)
        for each in refused:
            await villain.amend("edit", each["target_seq"], client_id=each["client_id"], content=text("never"))
        for each in said:
            await villain.send(villain.den, each)
        await villain.send(villain.den, said[0] | {"content": text("other words")})


async def signals(villain: Villain) -> None:
    """How one is, whom one watches, how far one has read, and actions that nobody knows."""
    people = [each["user_id"] for each in villain.address.victims]
    for number in itertools.count():
        for frame in (
            {"action": "status", "state": "away" if number % 2 else "online"},
            {"action": "watch", "user_ids": [*people, *(mate.user_id for mate in villain.mates)]},
            {"action": "read", "conversation_id": villain.den, "seq": number + 1},
            {"action": "delivered", "conversation_id": villain.den, "seq": FAR[number % len(FAR)]},
            {"action": "ping", "id": "p"},
            {"action": "dance", "id": "d"},
        ):
            await villain.signals.take()
            await villain.frame(frame)
            await villain.frame({"action": "typing", "conversation_id": villain.den, "state": "started"})


async def malformed(villain: Villain) -> None:
    """Nothing that anybody understands."""
    frames = [frame for frame, _, _ in NOT_UNDERSTOOD.values()]
    frames += [json.dumps(frame) for frame, _ in WRONG_FIELDS.values()]
    frames += ['{"action": "ping", "colour": ' + "9" * 5000 + "}", '{"action": "ping", "action": "send"}']
    for frame in itertools.cycle(frames):
        await villain.signals.take()
        await villain.frame(frame)


async def closing(villain: Villain) -> None:
    """What the gateway closes for; another socket is opened each time."""
    frames: list[str | bytes] = [b'{"action": "ping"}', '{"padding": "' + "x" * 33 * KB + '"}', "x" * 129 * KB]
    for frame in itertools.cycle(frames):
        await villain.requests.take(2)
        await villain.frame(frame)


FRAMES = (far_places, largest, amendments, repetitions, signals, malformed, closing)
