"""One seed: run it, check it."""

from itertools import chain

from natter.domain.errors import NatterError
from tests.reliability.accounts import unaccounted
from tests.reliability.checker import set_aside_wrongly, violations
from tests.reliability.cursors import cursor_violations
from tests.reliability.meaning import meaning
from tests.reliability.simulation import Parts, World


def first_violation(seed: int, parts: Parts) -> str | None:
    """What is wrong with the run of `seed`, or None. A run that breaks down is wrong as well."""
    world = World(seed, parts)
    try:
        world.run()
    except (LookupError, ValueError, RuntimeError, NatterError) as error:
        return f"broke down: {error!r}"
    meant = meaning(world.log.records())
    found = chain(
        violations(meant, world.tables, world.attachments.kept(), world.trace, list(world.clients.online.values())),
        set_aside_wrongly(meant, world.dead.records),
        unaccounted(world.log.records(), world.dead.records, world.tables),
        cursor_violations(meant, world.receipts.records, world.tables, parts.view, world.trace),
    )
    return next(found, None)
