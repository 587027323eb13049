import zoneinfo
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from natter.domain.accounts.time_zones import time_zone, time_zones


def test_are_those_of_iana() -> None:
    assert {"Europe/Zurich", "America/Argentina/ComodRivadavia", "Etc/GMT+5", "US/Eastern", "UTC"} <= time_zones()
    assert not {"", "localtime", "posixrules", "posix/UTC", "zones", "__init__.py", "Europe"} & time_zones()


def test_each_can_be_read_and_is_always_the_same() -> None:
    for name in time_zones():
        zone = time_zone(name)
        assert zone.key == name
        assert zone is time_zone(name)
        assert datetime(2026, 6, 12, tzinfo=zone).utcoffset() is not None


def test_knows_the_summer() -> None:
    zurich = time_zone("Europe/Zurich")
    offsets = [datetime(2026, month, 12, tzinfo=zurich).utcoffset() for month in (1, 6)]
    assert offsets == [timedelta(hours=1), timedelta(hours=2)]


def test_what_the_system_has_is_not_asked(tmp_path: Path) -> None:
    """Of a machine on which Zurich is something else, and there is one zone more."""
    (tmp_path / "Europe").mkdir()
    for name in ("Zurich", "Nowhere"):
        (tmp_path / "Europe" / name).write_bytes(b"no zone")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    try:
        zurich = time_zone.__wrapped__("Europe/Zurich")  # not one that was read before
        assert zurich.utcoffset(datetime(2026, 1, 12)) == timedelta(hours=1)  # noqa: DTZ001 - a wall clock
        with pytest.raises(ValueError, match="not a time zone"):
            time_zone("Europe/Nowhere")
    finally:
        zoneinfo.reset_tzpath(before)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Mars/Olympus", "europe/zurich", "Europe/Zurich ", "Europe//Zurich", "Europe", "zones"),
        *("/usr/share/zoneinfo/UTC", "../zoneinfo/UTC", "Europe/../UTC", "/etc/passwd", "UTC\0", "x" * 70_000),
    ],
)
def test_what_is_none_is_not_looked_for(name: str) -> None:
    with pytest.raises(ValueError, match="not a time zone of the IANA database"):
        time_zone(name)
