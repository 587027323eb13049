"""
Names and limits that the infrastructure and the application must agree on.

With `natter.metrics` all of `natter` that `infra` may import. It imports nothing.
"""

EPOCH = 1
"""Epoch of the topics. A repartitioned or recreated topic is a new epoch: offsets compare only as (epoch, offset)."""

COMMANDS_TOPIC = f"chat.commands.{EPOCH}"
EVENTS_TOPIC = f"chat.events.{EPOCH}"
RECEIPTS_TOPIC = f"chat.receipts.{EPOCH}"
CONNECTIONS_TOPIC = f"chat.connections.{EPOCH}"
FANOUT_TOPIC = f"chat.fanout.{EPOCH}"
DEAD_TOPIC = "chat.dead"
TOPICS = (COMMANDS_TOPIC, EVENTS_TOPIC, RECEIPTS_TOPIC, CONNECTIONS_TOPIC, FANOUT_TOPIC, DEAD_TOPIC)

PERSIST_GROUP = f"natter-persist-{EPOCH}"
"""What is committed in its name is decided and stored."""

LEDGER_GROUP = f"natter-ledger-{EPOCH}"
"""No consumer joins it: its places say up to where the ledger has looked."""

REBUILD_GROUP = "natter-rebuild"
"""No consumer joins it: the library asks the brokers about it all the same."""

REGISTRY_PARTS = 128
"""Of the registry of connections, more than a cache has shards: each holds at least one, and so its mark."""

DATABASE = "natter"
DATABASE_ROLE = "natter_functions"
"""What functions sign in as; who owns the schema is another."""

CLIENT_ID_TTL_S = 8 * 24 * 3600
"""How long a spent client id is kept. One day more than `RETRY_WINDOW_MS`, so no two readers disagree at its edge."""

RETRY_WINDOW_MS = 7 * 24 * 3600 * 1000
"""How long the same client id from the same sender in the same conversation is the same message (P3)."""

FRAME_LIMIT_BYTES = 32 * 1024
"""One WebSocket frame, each way; a larger one closes the connection with 1009 (API Gateway, quotas)."""

BODY_LIMIT_BYTES = 1024 * 1024
"""Of an HTTP request; what is larger than Lambda takes is refused by API Gateway."""

PAGE_LIMIT_BYTES = 1024 * 1024
CONTENT_LIMIT_BYTES = 24 * 1024

TICKET_TTL_S = 30
CONNECTION_LIFETIME_S = 2 * 3600 + 60
"""API Gateway ends every WebSocket connection after two hours, and may take a moment to say so."""

PENDING_UPLOADS = "pending/"
"""Where clients upload attachments to. What no message shows is removed from there after a day or two."""

HELD_ATTACHMENTS = "held/"
"""
Where attachments wait that somebody has sent, until the fold has come to it. No client can write here; what no message
shows is removed after a day or two.
"""

SHOWN_ATTACHMENTS = "shown/"
"""Where attachments are kept that a message shows. No client can write here."""

EXPORTS = "exports/"
"""Where archives of people's own data are kept, for a day or two."""

PERSIST_MEMORY_MB = 1769
"""Of the function that folds: one whole processor, and conversations that it keeps from batch to batch."""

EXPORT_TIMEOUT_S = 900
"""How long making one may take: the longest that a function may run."""
