"""One seed: run it, check it."""

from natter.domain.errors import NatterError
from tests.reliability.checker import violations
from tests.reliability.simulation import Parts, World


def first_violation(seed: int, parts: Parts) -> str | None:
    """What is wrong with the run of `seed`, or None. A run that breaks down is wrong as well."""
    world = World(seed, parts)
    try:
        world.run()
    except (LookupError, ValueError, RuntimeError, NatterError) as error:
        return f"broke down: {error!r}"
    return next(
        iter(violations(world.log.records(), world.tables, world.trace, list(world.clients.online.values()))), None
    )
