"""Who is who, who is connected, and what becomes of those who leave."""

from dataclasses import asdict

from infra.blocks.push_platforms import PushPlatforms
from infra.stacks.functions import Functions
from natter import names


def push_platforms(functions: Functions) -> None:
    """Before all that wakes devices, or registers them: they are told what it has made."""
    function = functions.make("push_platforms", ["core"], "CREDENTIALS")
    functions.data.push_credentials.grant_read(function)
    made = PushPlatforms(functions.scope, "MobilePush", stage=functions.stage, function=function)
    functions.push_platforms, functions.settings["PUSH"] = made, made.settings


def people(functions: Functions) -> None:
    """Who is who, and who is connected."""
    data, topics = functions.data, functions.streams.topics
    authorize = functions.make("authorize", ["core", "users"], "POSTGRES", "VALKEY", "TOKENS")
    connect = functions.make(
        "connect", ["core", "streams", "users"], "POSTGRES", "VALKEY", "KAFKA", "SOCKETS", "CLOSURES"
    )
    disconnect = functions.make("disconnect", ["core", "streams"], "VALKEY", "KAFKA", "SOCKETS")
    stores = ("POSTGRES", "VALKEY", "TOKENS", "SOCKETS", "LIMITS", "ATTACHMENTS", "EXPORTER", "CLOSURES")
    users_api = functions.make(
        "users_api", ["core", "users"], *stores, "PUSH", "WEB_PUSH", "WEB_APP", *functions.behind_edge
    )
    for function in (connect, disconnect):
        topics.grant_append(function, names.CONNECTIONS_TOPIC)
    for key in data.token_keys:
        key.grant(authorize, "kms:GetPublicKey")
        key.grant(users_api, "kms:GetPublicKey", "kms:Sign")  # also the last one, until its environment is gone
    data.web_push_keys.grant_read(users_api)  # says which key browsers subscribe with
    if functions.stage.oidc is not None:
        for name, value in asdict(functions.stage.oidc).items():
            if isinstance(value, str):  # where browsers go besides is the web app's
                users_api.add_environment(f"NATTER_OIDC__{name.upper()}", value)
    functions.push_platforms.grant_register(users_api)
    functions.close(users_api)  # those of a session that ends
    functions.close(connect)  # the oldest of too many

    functions.sockets.connect(connect, authorizer=authorize)
    functions.sockets.route("$disconnect", disconnect, answers=False)
    functions.http.serve(
        users_api,
        *("ANY /v1/users", "ANY /v1/users/{proxy+}", "POST /v1/users", "ANY /v1/users/me/export"),
        *("ANY /v1/sessions", "ANY /v1/sessions/{proxy+}", "POST /v1/sessions", "POST /v1/sessions/refresh"),
        *("ANY /v1/tickets", "ANY /v1/tickets/{proxy+}"),
        *("ANY /v1/contacts", "ANY /v1/contacts/{proxy+}"),
        *("ANY /v1/blocks", "ANY /v1/blocks/{proxy+}"),
        *("ANY /v1/devices", "ANY /v1/devices/{proxy+}", "ANY /v1/presence"),
        "ANY /v1/push/web-key",
        "ANY /.well-known/jwks.json",
        "$default",
    )


def erase(functions: Functions) -> None:
    """Every minute: goes on with the erasures that are not done."""
    data = functions.data
    stores = ("POSTGRES", "VALKEY", "KAFKA", "KEYSPACES", "ATTACHMENTS", "CLOSURES")
    erase = functions.make("erase", ["core", "streams", "users", "tables"], *stores)
    functions.streams.topics.grant_append(erase, names.COMMANDS_TOPIC)
    data.tables.grant(erase, read=("heads", "standings"), write=("events", "cursors", "files"))
    data.attachments.grant_erase(erase)
    functions.push_platforms.grant_remove(erase)
    functions.close(erase)  # connections that the request has left open
    functions.every_minute(erase)


def export(functions: Functions) -> None:
    """Makes archives. One that fails is not tried again by itself: who waits for it asks again."""
    data, users_api = functions.data, functions.made["users_api"]
    export = functions.make("export", ["core", "users", "tables"], "POSTGRES", "KEYSPACES", "ATTACHMENTS")
    export.configure_async_invoke(retry_attempts=0)
    export.grant_invoke(users_api)
    data.tables.grant(export, read=("events", "heads", "standings"))
    data.attachments.grant_export(export)
    data.attachments.grant_link_exports(users_api)
