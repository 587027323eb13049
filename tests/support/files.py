"""Files of messages, as an app handles them: announced, posted to the store itself, downloaded from there."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import aiohttp

from tests.support.api import Fields, Reply, User

TIMEOUT = aiohttp.ClientTimeout(total=30)


@dataclass(frozen=True, slots=True)
class Download:
    body: bytes
    name: str
    content_type: str


def announcement(body: bytes, **changes: object) -> Fields:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return {"name": "cat.png", "content_type": "image/png", "size": len(body), "sha256": digest} | changes


async def announce(user: User, conversation: str, body: bytes, **changes: object) -> Reply:
    return await user.call("POST", f"/v1/conversations/{conversation}/attachments", announcement(body, **changes))


async def post(upload: Fields, body: bytes, changes: Mapping[str, str] | None = None) -> int:
    """Upload with a form; the status."""
    form = aiohttp.FormData()
    for name, value in {**upload["fields"], **(changes or {})}.items():
        form.add_field(name, value)
    form.add_field("file", body, filename="blob")
    async with aiohttp.ClientSession(timeout=TIMEOUT) as store, store.post(upload["url"], data=form) as answer:
        return answer.status


async def attach(user: User, conversation: str, body: bytes, **changes: object) -> str:
    """The id of a file that was uploaded."""
    made = (await announce(user, conversation, body, **changes)).expect(201)
    assert await post(made["upload"], body) == 204
    return str(made["attachment_id"])


async def link(user: User, conversation: str, attachment: str) -> Reply:
    return await user.call("GET", f"/v1/conversations/{conversation}/attachments/{attachment}")


async def download(url: str) -> Download:
    async with aiohttp.ClientSession(timeout=TIMEOUT) as store, store.get(url) as answer:
        answer.raise_for_status()
        name = unquote(answer.headers["Content-Disposition"].partition("filename*=UTF-8''")[2])
        return Download(await answer.read(), name, answer.headers["Content-Type"])


def showing(attachment: str, client_id: str) -> Fields:
    """A message that shows a file."""
    return {"client_id": client_id, "content": {"type": "attachment", "attachment_id": attachment, "text": "look"}}
