"""
Other programs say something in a conversation: `POST /CONVERSATION_ID`, by a signed URL (`signing`), `{"text": …}`.

    HOOK_SECRET=… NATTER_URL=… NATTER_USER=… NATTER_PASSWORD=… python -m clients.webhooks.incoming 8080

202 means that it is on disk; it is said once, however often the same request comes. It listens on loopback: what
faces the network (TLS, limits) stands before it.
"""

import asyncio
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable

from aiohttp import web

from clients.webhooks.signing import is_good, secret_of
from natter_client import Client

MOST_BODY, MOST_TEXT = 65_536, 8_000
_UNSAYABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def incoming(client: Client, secret: bytes, now_s: Callable[[], float] = time.time) -> web.Application:
    async def say(request: web.Request) -> web.Response:
        body, signature = await request.read(), request.query.get("signature", "")
        if not is_good(request.path, request.query.get("at", ""), signature, body, secret, now_s=now_s()):
            raise web.HTTPUnauthorized(text="the signature is wrong, or too old")
        conversation_id = request.match_info["conversation"]
        if conversation_id not in client.store.conversation_ids():
            raise web.HTTPNotFound(text="the hook does not belong to this conversation")
        client_id = f"hook-{hashlib.sha256(signature.encode()).hexdigest()[:32]}"
        client.conversation(conversation_id).write(_text(body), client_id=client_id)
        return web.json_response({"client_id": client_id}, status=202)

    app = web.Application(client_max_size=MOST_BODY)
    app.router.add_post("/{conversation}", say)
    return app


def _text(body: bytes) -> str:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_TEXT or _UNSAYABLE.search(text):
        raise web.HTTPBadRequest(text='must be {"text": …}, that shows something')
    return text


async def serve(port: int) -> None:
    secret = secret_of(os.environ["HOOK_SECRET"])
    username, password = os.environ.get("NATTER_USER"), os.environ.get("NATTER_PASSWORD")
    url = os.environ["NATTER_URL"]
    async with Client(url, store="hooks.db", username=username, password=password, device="webhook") as client:
        runner = web.AppRunner(incoming(client, secret))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            async for _ in client.events():  # which ends with the session
                pass
        finally:
            await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
