"""
How long, and how much at once: what each step of telling people may take, so that nobody behind it waits for long.

One place for all, since they add up: what a batch may spend on live delivery is what the conversations behind it wait.
"""

DELIVERY_S = 0.15
"""Of the deliveries of one batch; and, once more, of the answers to who repeated something or was refused."""

DELIVERY_POSTS = 200
"""Of one batch; what is more is left to `fanout`."""

LOOKED_UP = 250
"""Users whose connections are looked up at once, unless a single conversation has more."""

NOTICE_S = 0.15
"""Of what one request tells others: typing, settings."""

RECEIPTS_S = 1.0
"""Of the receipts of a batch of many conversations, all of which have waited about as long already."""

PRESENCE_S = 1.0
"""Of one round of telling watchers."""

SLICE_S = 2.0
"""Of one slice; what is not posted by then goes back into the queue."""

BADGES_S = 0.2
"""Of asking, after a batch of receipts, for the numbers on icons."""

PUSHES_S = 5.0
"""Of handing pushes over to their platforms, those that are claimed together."""

LOOK_S = 3.0
"""So long it counts how those of a wave were found: who was not told by then is looked at again, as they are then."""

WAVE_S = 12.0
"""Of one wave; whom there was no time for by then goes back into the queue, as they were."""

WAVE_MOST_S = 20.0
"""The same for those who were claimed before: the function's own time must not end while they are."""

PREVIEWS_S = 1.0
"""Of finding out of what kind files are; one that is not known by then is a file."""

SIGNED_OUT_S = 0.5
"""Of telling connections why they are about to be closed."""

SWEEP_MS = 40_000
"""Of one run of what is done every minute; what is left waits for the next."""
