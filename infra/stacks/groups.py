"""Names of the groups that read the log, and how long records are gathered for them."""

from natter import names

PERSIST_GROUP = names.PERSIST_GROUP
FANOUT_GROUP = f"natter-fanout-{names.EPOCH}"
RECEIPTS_GROUP = f"natter-receipts-{names.EPOCH}"
PUSH_GROUP = f"natter-push-{names.EPOCH}"
PRESENCE_GROUP = f"natter-presence-{names.EPOCH}"
RECEIPTS_WINDOW_S = 1
"""How long receipts are gathered: of what one member says meanwhile, only the furthest is stored and shown."""
PUSH_WINDOW_S = 1
"""How long messages are gathered that are queued together: they wait for two seconds before anybody is woken."""
