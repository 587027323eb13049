from functions.close_connections.handler import build
from natter.domain.connections import Closure
from natter.records.connections import dump_closure
from tests.identity import World, a_connection, a_principal

PHONE = a_connection(a_principal(), "phone")


def a_message(body: str, message_id: str) -> dict[str, str]:
    return {"messageId": message_id, "body": body}


def test_what_was_opening_is_closed() -> None:
    world = World()
    world.sockets.register(PHONE)
    body = dump_closure(Closure(connection=PHONE, signed_out=True, attempt=1))
    assert build(world.close)({"Records": [a_message(body, "m")]}, None) == {"batchItemFailures": []}
    assert world.sockets.open == []
    assert world.sockets.frames == [("phone", b'{"type":"signed_out"}')]


def test_what_cannot_be_read_and_what_cannot_be_queued_is_given_back() -> None:
    world = World()
    world.sockets.answers = world.closures.answers = False
    bodies = ("{}", dump_closure(Closure(connection=PHONE, signed_out=False)))
    event = {"Records": [a_message(body, str(number)) for number, body in enumerate(bodies)]}
    given_back = build(world.close)(event, None)["batchItemFailures"]
    assert given_back == [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]
