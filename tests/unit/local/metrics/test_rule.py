import pytest

from local.metrics.rule import LONGEST, MOST_CHILDREN, Rule, in_order
from local.metrics.series import NotUnderstood

STATES = {"slow": "ALARM", "down": "OK", "new": "INSUFFICIENT_DATA"}


class TestRule:
    @pytest.mark.parametrize(
        ("rule", "holds"),
        [
            ('ALARM("slow")', True),
            ("ALARM(slow)", True),
            ("ALARM('down')", False),
            ('OK("down") AND INSUFFICIENT_DATA("new")', True),
            ('ALARM("slow") AND NOT ALARM("down")', True),
            ('NOT ALARM("slow") OR ALARM("down")', False),
            ('(ALARM("slow") OR ALARM("down")) AND OK("slow")', False),
            ('ALARM("down") AND ALARM("slow") OR TRUE', True),
            ('ALARM("slow") AND FALSE', False),
            ('ALARM("arn:aws:cloudwatch:eu-west-1:1:alarm:slow")', True),
            ('ALARM("nobody knows it")', False),
            ('\n  ALARM("slow")\n  AND\n  OK("down")', True),
        ],
    )
    def test_is_that_of_cloudwatch(self, rule: str, holds: bool) -> None:
        assert Rule(rule).holds(STATES) is holds

    def test_knows_its_children_by_name(self) -> None:
        assert Rule('ALARM("arn:aws:cloudwatch:eu-west-1:1:alarm:a") OR NOT OK(b-c)').children == {"a", "b-c"}

    @pytest.mark.parametrize(
        "rule",
        [
            *("", "ALARM", 'ALARM("a") ALARM("b")', 'ALARM("a") AND', "a", "1", '__import__("os")', 'HIDDEN("a")'),
            'ALARM("a") == OK("b")',
            " OR ".join(f'ALARM("{number}")' for number in range(MOST_CHILDREN + 1)),
            'ALARM("' + "a" * LONGEST + '")',
        ],
    )
    def test_anything_else_is_refused(self, rule: str) -> None:
        with pytest.raises(NotUnderstood):
            Rule(rule)


class TestOrder:
    def test_each_comes_after_what_it_rests_on(self) -> None:
        rules = {"top": Rule("ALARM(middle)"), "middle": Rule("ALARM(bottom) OR ALARM(metric)"), "bottom": Rule("TRUE")}
        assert list(in_order(rules)) == ["bottom", "middle", "top"]

    def test_a_circle_is_refused(self) -> None:
        with pytest.raises(NotUnderstood):
            list(in_order({"a": Rule("ALARM(b)"), "b": Rule("ALARM(a)")}))
