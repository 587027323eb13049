"""What two revisions have measured, side by side: their tables are read as they are printed."""

from dataclasses import replace

import pytest

from tests.bench import throughput
from tests.bench.compare import table
from tests.bench.tables import figures
from tests.bench.throughput import Throughput

ROUND = Throughput(
    per_second=350.0, delivery_p50=40.5, lost=0, repeated=2, reconnects=0, cpu_ms={"gateway": 0.9, "persist": 1.6}
)


def turn(measured: Throughput) -> list[str]:
    return ["2 processors; ten million additions took 0.27 s", *throughput.table([measured], pairs=20)]


class TestFigures:
    def test_have_the_names_of_their_tables_and_rows(self) -> None:
        found = figures(turn(ROUND))
        assert found["closed loop: messages/s"] == 350.0
        assert found["closed loop: delivery p50 (ms)"] == 40.5
        assert found["closed loop: all"] == 2.5

    def test_of_a_row_with_several_have_those_of_their_columns(self) -> None:
        lines = [
            "open loop, 20 pairs",
            f"  {'':22}{'p50':>8}{'p99':>8}",
            f"  {'acknowledged':22}{8.5:8.1f}{23.0:8.1f}",
            f"  {'not arrived':22}{0:8}",
        ]
        assert figures(lines) == {
            "open loop: acknowledged, p50": 8.5,
            "open loop: acknowledged, p99": 23.0,
            "open loop: not arrived": 0.0,
        }

    def test_of_columns_that_nobody_named_are_numbered(self) -> None:
        assert figures(["memory", "  gateway  74.0  3.6"]) == {"memory: gateway, 1": 74.0, "memory: gateway, 2": 3.6}


class TestTable:
    def test_compares_medians_of_the_turns(self) -> None:
        before = [figures(turn(replace(ROUND, per_second=each))) for each in (300.0, 900.0, 310.0)]
        after = [figures(turn(replace(ROUND, per_second=each))) for each in (620.0, 610.0, 100.0)]
        (row,) = (line for line in table(before, after) if "messages/s" in line)
        assert [float(number) for number in row.split()[-3:]] == [310.0, 610.0, pytest.approx(1.97)]

    def test_leaves_out_what_only_one_of_them_has(self) -> None:
        before, after = [figures(["a", "  old  1.0", "  both  2.0"])], [figures(["a", "  new  1.0", "  both  4.0"])]
        assert [line.split() for line in table(before, after)[2:]] == [["a:", "both", "2.00", "4.00", "2.00"]]

    def test_has_no_ratio_to_nothing(self) -> None:
        rows = table([figures(["a", "  lost  0"])], [figures(["a", "  lost  3"])])
        assert rows[-1].split() == ["a:", "lost", "0.00", "3.00"]
