"""
What platforms take, as schemas that are written from their documentation; and ours, of what they hand on.

Whatever tests see of a push, they see through these.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

from natter.domain.accounts.users import PushProvider

ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
KIND = {"enum": ["direct", "group"]}
BADGE = {"type": "integer", "minimum": 0, "maximum": 99}
SEQ = {"type": "integer", "minimum": 1}


def an_object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


# https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification
# (tables 1 and 2; custom keys stand beside `aps`). "Use 0 to remove the current badge."
APNS = an_object(
    aps=an_object(
        alert=an_object(title={"type": "string"}, body={"type": "string"}),
        badge=BADGE,
        sound={"const": "default"},
        **{"thread-id": ID, "mutable-content": {"const": 1}},
    ),
    conversation_id=ID,
    seq=SEQ,
    kind=KIND,
)
# Nothing but `badge`: with `content-available` it would be a background push, which may have neither alert, sound nor
# badge (https://developer.apple.com/documentation/usernotifications/pushing-background-updates-to-your-app).
APNS_BADGE = an_object(aps=an_object(badge=BADGE))

# https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages: `data` is a map of strings, whose keys are
# neither "from" nor "message_type" nor begin with "google." or "gcm."; `priority` is "normal" or "high".
COLLAPSE = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"}
DIGITS = {"type": "string", "pattern": "^[0-9]+$"}
FCM = an_object(
    message=an_object(
        notification=an_object(title={"type": "string"}, body={"type": "string"}),
        data=an_object(conversation_id=ID, seq=DIGITS, kind=KIND),
        android=an_object(
            collapse_key=COLLAPSE,
            priority={"const": "high"},
            notification=an_object(tag=COLLAPSE, notification_count=BADGE),
        ),
    )
)
FCM_BADGE = an_object(
    message=an_object(
        data=an_object(badge=DIGITS), android=an_object(collapse_key=COLLAPSE, priority={"const": "normal"})
    )
)

# Ours: the Push API hands a service worker the bytes as they are (https://www.w3.org/TR/push-api/#pushmessagedata-interface).
WEB_PUSH = an_object(
    title={"type": "string"},
    body={"type": "string"},
    badge=BADGE,
    data=an_object(conversation_id=ID, seq=SEQ, kind=KIND),
)
WEB_BADGE = an_object(badge=BADGE)

# https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html and
# …/sns-message-attributes.html#sns-attrib-mobile-reserved: strings. What they mean is the platforms':
# https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns
# ("apns-collapse-id … must not exceed 64 bytes", `apns-priority` 10, 5 or 1),
# https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages#androidconfig (a TTL of at most four weeks).
SECONDS = {"type": "string", "pattern": "^[0-9]{1,7}$"}
COLLAPSE_ID = {"type": "string", "pattern": "^[ -~]{1,64}$"}
APNS_ATTRIBUTES = {
    "AWS.SNS.MOBILE.APNS.PUSH_TYPE": {"const": "alert"},
    "AWS.SNS.MOBILE.APNS.PRIORITY": {"enum": ["10", "5"]},
    "AWS.SNS.MOBILE.APNS.COLLAPSE_ID": COLLAPSE_ID,
}
ATTRIBUTES: Mapping[PushProvider, dict[str, Any]] = {
    "apns": an_object(**{"AWS.SNS.MOBILE.APNS.TTL": SECONDS}, **APNS_ATTRIBUTES),
    "apns_sandbox": an_object(**{"AWS.SNS.MOBILE.APNS_SANDBOX.TTL": SECONDS}, **APNS_ATTRIBUTES),
    "fcm": an_object(**{"AWS.SNS.MOBILE.FCM.TTL": SECONDS}),
}

# RFC 8030, 5.4: "no more than 32 characters from the URL and filename safe Base 64 alphabet".
TOPIC = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$"}

PUSHES: Mapping[PushProvider, dict[str, Any]] = {"apns": APNS, "apns_sandbox": APNS, "fcm": FCM, "webpush": WEB_PUSH}
BADGES: Mapping[PushProvider, dict[str, Any]] = {
    "apns": APNS_BADGE,
    "apns_sandbox": APNS_BADGE,
    "fcm": FCM_BADGE,
    "webpush": WEB_BADGE,
}

_payloads = {each: Draft202012Validator({"oneOf": [PUSHES[each], BADGES[each]]}) for each in PUSHES}
_attributes = {each: Draft202012Validator(schema) for each, schema in ATTRIBUTES.items()}
_topic = Draft202012Validator(TOPIC)


def checked(provider: PushProvider, payload: Any) -> Any:
    """
    The payload, of a message or of a badge, as JSON.

    Raises:
        ValidationError: it is not as the platform takes it.
    """
    _payloads[provider].validate(payload)
    return payload


def check_attributes(provider: PushProvider, attributes: Mapping[str, str]) -> None:
    """
    What SNS is told beside it.

    Raises:
        ValidationError: the same.
    """
    _attributes[provider].validate(dict(attributes))


def check_topic(topic: str) -> None:
    """
    Raises:
        ValidationError: no push service has to take it.
    """
    _topic.validate(topic)
