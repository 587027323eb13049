"""The event with which EventBridge invokes a function when a schedule has come due. No I/O."""

import json
import uuid
from datetime import UTC, datetime

from local.model import Schedule, Target


def event(schedule: Schedule, target: Target, *, at: datetime) -> bytes:
    """What `target` gets for the time `at`: its own input, or EventBridge's default event."""
    identity = str(uuid.uuid4())
    time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if target.input is not None:
        return _filled(schedule, target.input, identity=identity, time=time).encode()
    _, _, _, region, account, _ = schedule.arn.split(":", 5)
    document = {
        "version": "0",
        "id": identity,
        "detail-type": "Scheduled Event",
        "source": schedule.source,
        "account": account,
        "time": time,
        "region": region,
        "resources": [schedule.arn],
        "detail": {} if schedule.source == "aws.events" else "{}",  # EventBridge Scheduler sends a string
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _filled(schedule: Schedule, text: str, *, identity: str, time: str) -> str:
    """EventBridge Scheduler replaces its context attributes in an input."""
    if schedule.source == "aws.scheduler":
        attributes = {
            "schedule-arn": schedule.arn,
            "scheduled-time": time,
            "execution-id": identity,
            "attempt-number": "1",
        }
        for name, value in attributes.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
