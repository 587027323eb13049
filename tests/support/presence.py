"""Who is there, as clients ask and are told."""

from tests.support.api import Fields, User
from tests.support.socket import WITHIN_S, Socket


async def watch(socket: Socket, *others: User) -> dict[str, str]:
    """The states of those who are shown."""
    answer = await socket.ask({"action": "watch", "user_ids": [other.user_id for other in others]})
    assert answer["type"] == "presence", answer
    return {each["user_id"]: each["state"] for each in answer["users"]}


async def say(socket: Socket, state: str) -> None:
    """How one is on this device."""
    assert (await socket.ask({"action": "status", "state": state}))["type"] == "ok"


async def told(socket: Socket, user: User, state: str, *, since: int = 0, within_s: float = WITHIN_S) -> Fields:
    """What is told of `user`, once it is that they are `state`; from frame number `since` on."""

    def of_user(items: list[Fields]) -> list[Fields]:
        return [each for each in items if (each["user_id"], each["state"]) == (user.user_id, state)]

    frame = await socket.until(
        lambda frame: frame["type"] == "presence" and "id" not in frame and bool(of_user(frame["users"])),
        since=since,
        within_s=within_s,
    )
    return of_user(frame["users"])[0]


async def asked(user: User, *others: User) -> dict[str, str]:
    """What `user` is answered over HTTP: the states of those who are shown."""
    query = "&".join(f"user_id={other.user_id}" for other in others)
    items = (await user.call("GET", f"/v1/presence?{query}")).expect(200)["users"]
    return {each["user_id"]: each["state"] for each in items}
