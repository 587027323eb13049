"""
`natter-where STAGE CONVERSATION SEQ` or `natter-where STAGE CONVERSATION SENDER CLIENT_ID`: where a message is.

Asks the function `reconcile` of the stage, with the credentials that the AWS CLI would use; it tells nothing of what
the message says. Ends with 0 if it was found, with 1 if nothing is known of it.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

TIMEOUT_S = 70
"""The function has a minute."""
ATTEMPTS = 10
"""It may be looking at the log just then, for up to a minute, and nothing else meanwhile: Lambda throttles the call."""


class NotAnswered(Exception):
    """The function was asked, and failed."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        located = ask(options.stage, question(options.conversation, options.message))
    except NotAnswered as failure:
        print(f"natter-where: {failure}", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(lines(located)))  # noqa: T201
    return 0 if located["event"] or located["outcomes"] else 1


def question(conversation: str, message: Sequence[str]) -> Mapping[str, Any]:
    """
    What the function is asked.

    Raises:
        NotAnswered: nothing that names a message.
    """
    match message:
        case [seq] if seq.isdecimal():
            return {"conversation_id": conversation, "seq": int(seq)}
        case [sender, client_id]:
            return {"conversation_id": conversation, "sender_id": sender, "client_id": client_id}
        case _:
            raise NotAnswered("name a message by its seq, or by its sender and client id")


def ask(stage: str, where: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Raises:
        NotAnswered: the function cannot be asked, or failed; then its log says why.
    """
    config = Config(read_timeout=TIMEOUT_S, retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    client = boto3.Session(region_name=os.environ.get("AWS_REGION")).client("lambda", config=config)
    try:
        answer = client.invoke(FunctionName=f"natter-{stage}-reconcile", Payload=json.dumps({"where": where}).encode())
    except (BotoCoreError, ClientError) as error:
        raise NotAnswered(str(error)) from error
    told: Mapping[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise NotAnswered(f"{told.get('errorType')}: {told.get('errorMessage')}")
    return told


def lines(located: Mapping[str, Any]) -> Iterator[str]:
    """All that is known, one thing a line, in the order in which it happened."""
    event, head = located["event"], located["head"]
    if head is None:
        yield "no such conversation: nothing of it is folded"
        return
    for outcome in located["outcomes"]:
        yield (
            f"accepted {_time(outcome['at'])} at {head['partition']}/{outcome['offset']}, item {outcome['item']}: "
            + (f"place {outcome['seq']}" if outcome["refusal"] is None else f"refused, {outcome['refusal']}")
        )
    if not located["outcomes"]:
        yield "no outcome of a client id: never decided, of no frame, or longer ago than eight days"
    if event is None:
        yield "no event is stored"
        return
    seen = "shown" if event["seq"] <= head["seq"] else f"not shown yet: the conversation is folded up to {head['seq']}"
    yield f"stored at place {event['seq']} ({event['type']}, {_time(event['at'])}), {seen}"
    delivered, read, others = located["delivered_to"], located["read_by"], located["members"] - 1
    yield f"delivered to {delivered} and read by {read} of {others} others, as far as they say"


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="natter-where", description="Where a message is, not what it says.")
    parser.add_argument("stage")
    parser.add_argument("conversation")
    parser.add_argument("message", nargs="+", metavar="SEQ | SENDER CLIENT_ID")
    return parser


if __name__ == "__main__":
    sys.exit(main())
