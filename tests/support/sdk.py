"""The Python SDK in the hands of somebody who has signed up."""

from pathlib import Path

from natter_client import Client, Message, MessageReceived
from tests.support.api import User


def client_of(user: User, folder: Path, url: str | None = None) -> Client:
    """With a store of theirs in `folder`; by another way than the API's own where there is a `url`."""
    store = folder / f"{user.username}.db"
    return Client(url or user.api.url, store=store, username=user.username, password=user.api.password)


async def received(client: Client, text: str) -> Message:
    """The message that says so, as soon as it is told. What is told goes on from there with the next call."""
    async for event in client.events("received"):
        if isinstance(event, MessageReceived) and event.message.text == text:
            return event.message
    raise AssertionError("the events ended")
