"""What a hostile user may ask over HTTP, and by connecting: each of these goes on until it is ended."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import Awaitable, Callable

import aiohttp

from natter.domain.limits import NEW_CONVERSATIONS
from tests.bench.villain import Villain
from tests.e2e.test_errors import REQUESTS
from tests.security.inputs import PATHS, RAW
from tests.support.api import PASSWORD
from tests.support.files import announcement
from tests.support.socket import message

MB = 1024 * 1024
CONNECTIONS = 25
"""More than one may have."""
SIGN_INS_S = 0.5
"""Between two with the right password: each costs a hash on the processors that everybody here shares."""
NAMES = ("\U0001f98a" * 255, 'a"b\\c.png', "\u202egnp.exe", "\u200b", "x" * 256)


async def roles(villain: Villain) -> None:
    mate = villain.mates[0]
    for role in itertools.cycle(("admin", "member", "owner")):
        await villain.call("PUT", f"/v1/conversations/{villain.den}/members/{mate.user_id}", {"role": role})


async def crowds(villain: Villain) -> None:
    """Whoever is there is added to whatever there is, told something, and removed."""
    victims = villain.address.victims
    opening = villain.address.pace(NEW_CONVERSATIONS, full=True)
    for number in itertools.count(villain.number):
        await opening.take()
        victim = victims[number % len(victims)]["user_id"]
        await villain.call("POST", "/v1/conversations", {"kind": "direct", "members": [victim]})
        body = {"kind": "group", "title": "All of you", "members": [each["user_id"] for each in victims]}
        _, group = await villain.call("POST", "/v1/conversations", body)
        if group is None or "conversation_id" not in group:
            continue
        path = f"/v1/conversations/{group['conversation_id']}"
        await villain.send(group["conversation_id"], message("at once"))
        for each in victims[:5]:
            await villain.call("DELETE", f"{path}/members/{each['user_id']}")
            await villain.call("POST", f"{path}/members", {"user_ids": [each["user_id"]]})
        await villain.call("PATCH", path, {"title": "Still all of you"})


async def connections(villain: Villain) -> None:
    """More than one may have, each of which asks for something."""
    while True:
        opened = [await villain.connect() for _ in range(CONNECTIONS)]
        for socket in opened:
            if socket is not None and not socket.closed:
                await villain.signals.take()
                with contextlib.suppress(aiohttp.ClientError):
                    await socket.send_json({"action": "status", "state": "away"})
        for socket in opened:
            if socket is not None:
                await socket.close()


async def sessions(villain: Villain) -> None:
    """One after the other, each with a socket that is opened while the session is ended."""
    account = {"username": villain.username, "password": PASSWORD}
    while True:
        await asyncio.sleep(SIGN_INS_S)
        _, session = await villain.call("POST", "/v1/sessions", account)
        if session is None or "access_token" not in session:
            continue
        token = session["access_token"]
        _, ticket = await villain.address.call("POST", "/v1/tickets", token=token)
        if ticket is None or "url" not in ticket:
            continue
        socket, _ = await asyncio.gather(
            villain.open(ticket["url"]), villain.address.call("DELETE", "/v1/sessions/current", token=token)
        )
        refresh = {"refresh_token": session["refresh_token"]}
        await asyncio.gather(*(villain.address.call("POST", "/v1/sessions/refresh", refresh) for _ in range(2)))
        if socket is not None:
            await socket.close()


async def files(villain: Villain) -> None:
    """Shown, deleted, shown again by the same frame; never uploaded; called what none should be."""
    base = f"/v1/conversations/{villain.den}/attachments"
    for number in itertools.count():
        body = b"" if number % 2 else secrets.token_bytes(1000)
        await villain.call("POST", base, announcement(body, name=NAMES[number % len(NAMES)]))
        _, made = await villain.call("POST", base, announcement(body))
        if made is None or "upload" not in made:
            continue
        form = aiohttp.FormData(made["upload"]["fields"])
        form.add_field("file", body, filename="blob")
        await villain.address.upload(made["upload"]["url"], form)
        content = {"type": "attachment", "attachment_id": made["attachment_id"], "text": "look"}
        shown = message("look") | {"content": content}
        seq = await villain.say("the next one is a file") + 1
        await villain.send(villain.den, shown)
        await villain.amend("delete", seq)
        await villain.send(villain.den, shown)
        await villain.amend("edit", 10**6, content=content)
        for _ in range(3):
            await villain.call("GET", f"{base}/{made['attachment_id']}")


async def nonsense(villain: Villain) -> None:
    """Paths, queries, bodies and methods that there are not; bodies larger than there may be."""
    calls: list[tuple[str, str, object, dict[str, str]]] = [
        (method, path, body.encode() if isinstance(body, str) else body, {})
        for method, path, body, _ in REQUESTS.values()
    ]
    calls += [("POST", "/v1/sync", body, {}) for body in RAW.values()]
    calls += [("GET", f"/v1/users/{path}", None, {}) for path in PATHS.values()]
    calls += [(method, "/v1/users/me", None, {}) for method in ("HEAD", "OPTIONS", "TRACE", "PUT", "POST")]
    calls += [("GET", f"/v1/conversations?limit={limit}", None, {}) for limit in ("05", "%205", "1_0", "9" * 5000)]
    calls += [("PATCH", "/v1/users/me", {"display_name": name}, {}) for name in ("\u200b\u2060", "\u202eevil")]
    calls += [("POST", "/v1/sync", b" " * size, {}) for size in (1 * MB + 1, 5 * MB, 7 * MB, 11 * MB)]
    calls += [("PATCH", "/v1/users/me", {}, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"})]
    for method, path, body, headers in itertools.cycle(calls):
        await villain.call(method, path, body, headers=headers)


async def strangers(villain: Villain) -> None:
    """Wrong passwords for everybody's names, and new accounts: as much as one address may."""
    for number in itertools.count():
        await villain.address.sign_ins.take()
        victim = villain.address.victims[number % len(villain.address.victims)]
        wrong = {"username": victim["username"], "password": "not the password"}
        await villain.address.call("POST", "/v1/sessions", wrong)
        if number % 3 == 0:
            await villain.address.sign_ups.take()
            account = {"username": f"puppet_{secrets.token_hex(6)}", "password": PASSWORD}
            await villain.address.call("POST", "/v1/users", account)


async def lists(villain: Villain) -> None:
    """The longest answers that there are, of everything; and settings and blocks to and fro."""
    den, mate = f"/v1/conversations/{villain.den}", villain.mates[0].user_id
    positions = {f"c{number}": {"seq": 2**40, "read_seq": 0} for number in range(1000)}
    for number in itertools.count():
        for method, path, body in (
            ("POST", "/v1/sync", {"positions": {}, "limit": 200}),
            ("POST", "/v1/sync", {"positions": positions}),
            ("GET", "/v1/conversations?limit=200", None),
            ("GET", f"{den}/events?limit=200", None),
            ("GET", f"{den}/members?limit=200", None),
            ("GET", "/v1/users/me/export", None),
            ("PUT" if number % 2 else "DELETE", f"/v1/blocks/{mate}", None),
            ("PUT" if number % 2 else "DELETE", f"/v1/contacts/{mate}", None),
            ("PATCH", "/v1/users/me", {"contactable": "contacts" if number % 2 else "everybody"}),
            ("PATCH", f"{den}/me", {"archived": bool(number % 2)}),
            ("POST", "/v1/reports", {"conversation_id": villain.den, "seq": 1, "reason": "x" * 1000}),
        ):
            await villain.call(method, path, body)


REQUESTS_WITHOUT_END: tuple[Callable[[Villain], Awaitable[None]], ...] = (
    roles,
    crowds,
    connections,
    sessions,
    files,
    nonsense,
    strangers,
    lists,
)
