"""
The time zones of the IANA database, as the package `tzdata` brings them.

What the system has is not asked: it may be of another year, or missing, as in some of Lambda's images.
"""

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo


@cache
def time_zones() -> frozenset[str]:
    """The names of all, old ones included."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").splitlines())


@cache
def time_zone(name: str) -> ZoneInfo:
    """
    The one of that name, the same object every time. IANA takes no name away.

    Raises:
        ValueError: there is none. Nothing was looked for: names are paths.
    """
    if name not in time_zones():
        raise ValueError("not a time zone of the IANA database")
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
