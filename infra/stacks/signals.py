"""What is told beside messages: who is there, what was read, whom to wake; and the registry of connections."""

from infra.stacks.functions import Functions
from infra.stacks.groups import PRESENCE_GROUP, PUSH_GROUP, PUSH_WINDOW_S, RECEIPTS_GROUP, RECEIPTS_WINDOW_S
from natter import names


def close_connections(functions: Functions) -> None:
    """Connections that are not closed yet, though they were to be: their upgrade was under way."""
    close_connections = functions.make("close_connections", ["core"], "VALKEY", "CLOSURES")
    functions.close(close_connections)
    functions.queues.closures.work(close_connections, comes_again=True)


def signals(functions: Functions) -> None:
    """What leaves nothing in a conversation: `signal` takes it, `receipts` moves cursors; both tell the others."""
    data, topics = functions.data, functions.streams.topics
    stores = ("POSTGRES", "VALKEY", "KAFKA", "KEYSPACES", "SOCKETS")
    signal = functions.make("signal", ["core", "users", "streams", "tables"], *stores, "CLOSURES", "LIMITS")
    receipts = functions.make("receipts", ["core", "users", "streams", "tables"], *stores, "WAVES")
    topics.grant_append(signal, names.RECEIPTS_TOPIC, names.CONNECTIONS_TOPIC)
    topics.grant_append(functions.made["chat_api"], names.RECEIPTS_TOPIC)
    data.tables.grant(signal, read=("heads",))
    data.tables.grant(receipts, read=("events", "heads"), write=("cursors",))
    functions.sockets.api.grant_manage_connections(receipts)
    functions.close(signal)  # those that have outlived their session

    for action in ("ping", "read", "delivered", "typing", "watch", "status", "$default"):
        functions.sockets.route(action, signal, answers=True)
    functions.consume(receipts, names.RECEIPTS_TOPIC, group=RECEIPTS_GROUP, window_s=RECEIPTS_WINDOW_S)


def presence(functions: Functions) -> None:
    """Tells who watches somebody how they are: when connections come and go, and when the grace after is over."""
    presence = functions.make(
        "presence", ["core", "users", "streams"], "POSTGRES", "VALKEY", "KAFKA", "SOCKETS", "LOOKS", "REBUILDS"
    )
    functions.queues.looks.grant_send(presence)
    functions.sockets.api.grant_manage_connections(presence)
    functions.consume(presence, names.CONNECTIONS_TOPIC, group=PRESENCE_GROUP)
    functions.queues.looks.work(presence, comes_again=True)


def pushes(functions: Functions) -> None:
    """`push` has everybody looked at who may have to be woken, `wake` looks, and wakes those who are away."""
    data = functions.data
    stores = ("POSTGRES", "VALKEY", "KEYSPACES", "WAVES", "CROWDS")
    push = functions.make("push", ["core", "streams", "users", "tables"], *stores, "KAFKA")
    wake = functions.make("wake", ["core", "users", "tables"], *stores, "ATTACHMENTS", "WEB_PUSH")
    data.tables.grant(push, read=("rosters",))
    data.tables.grant(wake, read=("heads", "events", "message_states", "reaction_marks", "standings", "cursors"))
    data.attachments.grant_describe(wake)
    data.web_push_keys.grant_read(wake)
    functions.push_platforms.grant_push(wake)
    for function in (push, wake, functions.made["receipts"]):  # who reads something has another badge elsewhere
        functions.queues.waves.grant_send(function)
    for function in (push, wake):
        functions.queues.crowds.grant_send(function)
    functions.consume(push, names.EVENTS_TOPIC, group=PUSH_GROUP, window_s=PUSH_WINDOW_S)
    for queue in (functions.queues.waves, functions.queues.crowds):
        queue.work(wake, comes_again=True)


def rebuild(functions: Functions) -> None:
    """
    Rebuilds the registry of connections from the log: asked by who finds out that it has lost data, every minute,
    and once at every deployment, since an empty cache looks like one that has lost everything.
    """
    rebuild = functions.make(
        "rebuild", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA", "CLOSURES", "REBUILDS", "REBUILDING"
    )
    functions.streams.topics.grant_read(rebuild, names.CONNECTIONS_TOPIC, group=names.REBUILD_GROUP)
    functions.sockets.api.grant_manage_connections(rebuild)  # those whose session has ended meanwhile
    functions.queues.closures.grant_send(rebuild)
    for name in ("persist", "fanout", "presence", "rebuild"):
        functions.queues.rebuilds.grant_send(functions.made[name])
    functions.queues.rebuilds.work(rebuild, comes_again=True)
    functions.every_minute(rebuild)
    # What runs triggers may invoke this function, so this function cannot wait for the one that migrates; being run for
    # the first time does (`ServicesStack`).
    functions.with_database.remove(rebuild)
