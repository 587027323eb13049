"""
Where something is in the log, by its `client_id`, read backwards from what the store holds.

For what was sent over seven days ago and passed over since: sent again it could come twice, so no retry tells.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from natter_client.errors import Unavailable
from natter_client.frames import readable_answer
from natter_client.store import Store

PAGE, MOST_PAGES = 200, 50


async def look_up(
    request: Callable[[str, str], Awaitable[Any]], store: Store, conversation_id: str, sender: str, client_id: str
) -> int | None:
    """
    The place, which the store keeps from then on; None: it is not among the 10,000 events below those that are held.

    Raises:
        NatterError: the log cannot be asked.
    """
    bounds = store.bounds(conversation_id)
    below = f"&before={bounds[2]}" if bounds is not None and bounds[2] <= bounds[3] else ""
    for _ in range(MOST_PAGES):
        answer = await request("GET", f"/v1/conversations/{conversation_id}/events?limit={PAGE}{below}")
        page = readable_answer("page", answer)
        if page is None:
            raise Unavailable("events: not what was asked for")
        for event in page["events"]:
            if (event["sender_id"], event.get("client_id")) == (sender, client_id):
                store.place(conversation_id, client_id, event["seq"])
                return int(event["seq"])
        if not page["has_more"] or not page["events"]:
            return None
        below = f"&before={page['events'][0]['seq']}"
    return None
