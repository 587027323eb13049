"""The path of a message, and of the files that it shows."""

from infra.stacks.functions import Functions
from infra.stacks.groups import FANOUT_GROUP, PERSIST_GROUP
from natter import names


def conversations(functions: Functions) -> None:
    """The path of a message: `send` appends, `persist` sequences, stores and delivers, `chat_api` reads."""
    data, topics = functions.data, functions.streams.topics
    send = functions.make(
        "send",
        ["core", "streams", "users", "tables"],
        *("KAFKA", "COMMANDS", "VALKEY", "POSTGRES", "KEYSPACES", "SOCKETS", "ATTACHMENTS", "CLOSURES", "LIMITS"),
    )
    persist = functions.make(
        "persist",
        ["core", "streams", "tables"],
        "KAFKA",
        "KEYSPACES",
        "VALKEY",
        "SOCKETS",
        "DELIVERIES",
        "CLOSURES",
        "FILES",
        "REBUILDS",
    )
    chat_api = functions.make(
        "chat_api",
        ["core", "users", "streams", "tables"],
        *("POSTGRES", "VALKEY", "TOKENS", "KAFKA", "KEYSPACES", "ATTACHMENTS", "LIMITS", *functions.behind_edge),
    )
    if functions.stage.content_check is not None:
        send.add_environment("NATTER_CONTENT_CHECK", functions.stage.content_check)
    topics.grant_append(send, names.COMMANDS_TOPIC)
    topics.grant_append(chat_api, names.COMMANDS_TOPIC)
    topics.grant_append(persist, names.EVENTS_TOPIC, names.FANOUT_TOPIC)
    data.tables.grant(
        persist,
        write=(
            *("events", "client_ids", "heads", "message_states", "reaction_marks", "rosters", "standings"),
            *("cursors", "files"),
        ),
    )
    data.tables.grant(
        chat_api,
        read=("events", "message_states", "reaction_marks", "heads", "standings", "cursors", "files"),
    )
    data.tables.grant(send, read=("client_ids",))  # whether what shows a file that is not there is a retry
    for key in data.token_keys:
        key.grant(chat_api, "kms:GetPublicKey")
    data.attachments.grant_exchange(chat_api)
    data.attachments.grant_hold(send)
    functions.queues.slices.grant_send(persist)
    functions.queues.files.grant_send(persist)
    for function in (send, persist):  # those that have outlived their session, or to whom nothing else gets through
        functions.close(function)
    functions.sockets.api.grant_manage_connections(chat_api)  # one's other devices are told of one's settings

    for action in ("send", "edit", "delete", "react"):
        functions.sockets.route(action, send, answers=True)
    functions.http.serve(
        chat_api,
        *("ANY /v1/conversations", "ANY /v1/conversations/{proxy+}"),
        *("ANY /v1/sync", "ANY /v1/reports", "ANY /v1/health"),
    )
    functions.consume(persist, names.COMMANDS_TOPIC, group=PERSIST_GROUP)


def deliveries(functions: Functions) -> None:
    """What `persist` does not deliver itself: `fanout` cuts it into slices, `post_slice` posts them in parallel."""
    data = functions.data
    fanout = functions.make(
        "fanout", ["core", "streams", "tables"], "KAFKA", "KEYSPACES", "VALKEY", "DELIVERIES", "REBUILDS"
    )
    post_slice = functions.make("post_slice", ["core", "tables"], "KEYSPACES", "VALKEY", "DELIVERIES", "CLOSURES")
    data.tables.grant(fanout, read=("rosters",))
    data.tables.grant(post_slice, read=("events",))
    for function in (fanout, post_slice):
        functions.queues.slices.grant_send(function)
    functions.close(post_slice)

    functions.consume(fanout, names.FANOUT_TOPIC, group=FANOUT_GROUP)
    functions.queues.slices.work(post_slice, comes_again=True)


def settle_files(functions: Functions) -> None:
    """Keeps what messages show. `persist` does not do it itself: S3 must not hold up a partition."""
    data = functions.data
    settle_files = functions.make("settle_files", ["core", "tables"], "KEYSPACES", "ATTACHMENTS")
    data.tables.grant(
        settle_files,
        read=("heads", "events", "message_states", "reaction_marks", "standings"),
        write=("files",),
    )
    data.attachments.grant_settle(settle_files)
    functions.queues.files.work(settle_files)
