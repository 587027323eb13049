from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.metrics.metric_math import LONGEST, Formula
from local.metrics.series import NotUnderstood, Series

POINTS = st.one_of(st.none(), st.floats(-1e6, 1e6))
PAIRS = st.lists(st.tuples(POINTS, POINTS), min_size=1, max_size=8)
MANY = (1.0, None, 3.0)
FEW = (4.0, 2.0, None)


def value(expression: str, **metrics: Sequence[float | None]) -> Series:
    metrics = metrics or {"m1": MANY, "m2": FEW}
    formula = Formula("result", {"result": expression}, dict.fromkeys(metrics, 60))
    return formula({name: tuple(points) for name, points in metrics.items()})


class TestArithmetic:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("m1", MANY),
            ("m1 + m2", (5, 2, 3)),
            ("m1 - m2", (-3, -2, 3)),
            ("m1 * 2 + 1", (3, None, 7)),
            ("-m1", (-1, None, -3)),
            ("2 * (m1 + m1) ^ 2", (8, None, 72)),
            ("100 * m1 / m2", (25, 0, None)),
            ("m1 / 0", (None, None, None)),
            ("1 / m2", (0.25, 0.5, None)),
            ("m1 + m1 / m1", (2, None, 4)),
            ("m1 / PERIOD(m1)", (1 / 60, None, 0.05)),
        ],
    )
    def test_missing_values_are_0_beside_others_and_divisions_by_zero_are_dropped(
        self, expression: str, expected: Series
    ) -> None:
        assert value(expression) == pytest.approx(expected)

    def test_nothing_is_where_no_series_has_a_value(self) -> None:
        assert value("m1 + m2", m1=[None, 1], m2=[None, None]) == (None, 1)

    @pytest.mark.parametrize("expression", ["m1 ^ 1000", "(0 - m1) ^ 0.5", "m1 * 1e300 * 1e300"])
    def test_what_is_no_number_is_dropped(self, expression: str) -> None:
        assert value(expression, m1=[7.0]) == (None,)


class TestFunctions:
    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("SUM(METRICS())", (5, 2, 3)),
            ('SUM(METRICS("1"))', MANY),
            ("SUM([m1, m2, m2])", (9, 4, 3)),
            ("AVG(METRICS())", (2.5, 1, 1.5)),
            ("MIN([m1, m2])", (1, 2, 3)),
            ("MAX(METRICS())", (4, 2, 3)),
            ("m1 / SUM(m1)", (0.25, None, 0.75)),
            ("MAX(m1) - m1", (2, None, 0)),
            ("SUM(METRICS() * 2)", (10, 4, 6)),
            ("SUM(100 / [m1, m2])", (125, 50, 100 / 3)),
            ("FILL(m1, 0)", (1, 0, 3)),
            ("FILL(m1, m2)", (1, 2, 3)),
            ("FILL(m1, REPEAT)", (1, 1, 3)),
            ("FILL(m1, LINEAR)", (1, 2, 3)),
            ("SUM(FILL(METRICS(), 7))", (5, 9, 10)),
            ("ABS(m1 - m2)", (3, 2, 3)),
            ("CEIL(m1 / 2)", (1, None, 2)),
            ("FLOOR(m1 / 2)", (0, None, 1)),
        ],
    )
    def test_are_those_of_metric_math(self, expression: str, expected: Series) -> None:
        assert value(expression) == pytest.approx(expected)

    def test_expressions_may_use_others_which_are_no_metrics(self) -> None:
        expressions = {"rate": "100 * errors / FILL(calls, 1)", "errors": "SUM(METRICS('err'))"}
        formula = Formula("rate", expressions, {"err4": 60, "err5": 60, "calls": 60})
        assert formula({"err4": (1.0,), "err5": (2.0,), "calls": (10.0,)}) == (30.0,)


class TestConditions:
    """The examples of AWS's documentation."""

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("metric1 < metric2", (0, 0, 1, 0)),
            ("metric1 >= 30", (1, 0, 0, 0)),
            ("metric1 > 15 AND metric2 > 15", (1, 0, 0, 0)),
            ("metric1 > 15 && metric2 > 15", (1, 0, 0, 0)),
            ("metric1 == 30 || metric2 == 20", (1, 0, 1, 0)),
        ],
    )
    def test_are_1_and_0(self, expression: str, expected: Series) -> None:
        assert value(expression, metric1=[30, 20, 0, 0], metric2=[20, None, 20, None]) == expected

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("IF(metric1, metric2, metric3)", (30, 0, 20, None, None)),
            ("IF(metric1, 5, metric3)", (5, 5, 20, None, None)),
            ("IF(metric1, metric2, 5)", (30, 0, 5, 5, None)),
            ("IF(metric1, metric2)", (30, 0, None, None, None)),
            ("IF(1, metric2, metric3)", (30, 0, 0, 0, 30)),
        ],
    )
    def test_choose(self, expression: str, expected: Series) -> None:
        metrics = {"metric1": [1, 1, 0, 0, None], "metric2": [30, None, 0, 0, 30], "metric3": [0, 0, 20, None, 20]}
        assert value(expression, **metrics) == expected


class TestNotUnderstood:
    @pytest.mark.parametrize(
        "expression",
        [
            "",
            "m1 +",
            "m3",
            "result + 1",
            "METRICS()",
            "SUM(m1)",
            "5",
            "SUM(5)",
            "SUM([])",
            'SUM(METRICS("nothing"))',
            "[m1, m2] / [m2, m1]",
            "IF(1, 2, 3)",
            "IF(METRICS(), 2, 3)",
            "m1 < m2 < m1",
            "m1 % 2",
            "m1 // 2",
            "not m1",
            "~m1",
            "m1 if m2 else m1",
            "m1 in m2",
            "m1[0]",
            "m1.real",
            "'a'",
            "m1 + True",
            "m1 + 1j",
            "lambda: m1",
            "[m for m in m1]",
            "(m1 := m2)",
            "f'{m1}'",
            "sum(m1)",
            "SUM(m1, m2)",
            "FILL(m1)",
            "FILL(m1, BACKWARDS)",
            "SUM(*[m1])",
            "FILL(m1, filler=0)",
            "__import__('os').getpid()",
            "ANOMALY_DETECTION_BAND(m1, 2)",
            "SEARCH('{AWS/Lambda} Errors', 'Sum')",
            'SELECT AVG(CPUUtilization) FROM SCHEMA("AWS/EC2", InstanceId)',
            "m1 + " * 600 + "m1",
            "-" * (LONGEST - 2) + "m1",
            "(" * 1000 + "m1" + ")" * 1000,
            "9" * (LONGEST - 5) + " + m1",
        ],
    )
    def test_is_refused(self, expression: str) -> None:
        with pytest.raises(NotUnderstood):
            value(expression)

    def test_circle_is_refused(self) -> None:
        with pytest.raises(NotUnderstood, match="themselves"):
            Formula("e1", {"e1": "m1 + e2", "e2": "m1 + e1"}, {"m1": 60})


class TestProperties:
    @given(PAIRS)
    def test_sum_of_all_is_their_sum(self, pairs: list[tuple[float | None, float | None]]) -> None:
        m1, m2 = zip(*pairs, strict=True)
        assert value("SUM(METRICS())", m1=m1, m2=m2) == pytest.approx(value("m1 + m2", m1=m1, m2=m2))

    @given(PAIRS)
    def test_filled_series_lacks_nothing(self, pairs: list[tuple[float | None, float | None]]) -> None:
        m1, m2 = zip(*pairs, strict=True)
        assert None not in value("FILL(m1, 0)", m1=m1, m2=m2)
        assert None not in value("FILL(m1, 0) + m2 * 2", m1=m1, m2=m2)

    @given(st.text(alphabet="m12 +-*/^()[],.&|<>=!\"'SUMAVGFILTERCS0efx\n", max_size=40))
    def test_any_text_is_one_series_or_refused(self, text: str) -> None:
        try:
            found = value(text)
        except NotUnderstood:
            return
        assert len(found) == 3
