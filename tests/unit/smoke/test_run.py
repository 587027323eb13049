from tests.smoke import questions
from tests.smoke.command import checks
from tests.smoke.run import Check, Row, is_good, lines, run
from tests.smoke.scene import Scene
from tests.support.api import Api


async def fine() -> str:
    return "seen"


async def broken() -> str:
    raise AssertionError("expected 201, got 503")


def check(name: str, *needs: str, works: bool = True, always: bool = False) -> Check:
    return Check(name=name, promises="P1", step=fine if works else broken, needs=needs, always=always)


def results(rows: list[Row]) -> dict[str, str]:
    return {row.check: row.result for row in rows}


class TestRun:
    async def test_what_is_as_it_should_be_is_good(self) -> None:
        rows = await run([check("one"), check("two", "one")])
        assert results(rows) == {"one": "ok", "two": "ok"}
        assert [row.note for row in rows] == ["seen", "seen"]
        assert is_good(rows)

    async def test_a_failure_is_a_row_and_the_rest_goes_on(self) -> None:
        rows = await run([check("one", works=False), check("two")])
        assert results(rows) == {"one": "FAILED", "two": "ok"}
        assert rows[0].note == "AssertionError: expected 201, got 503"
        assert not is_good(rows)

    async def test_what_rests_on_a_failure_is_skipped_and_so_what_rests_on_that(self) -> None:
        rows = await run([check("one", works=False), check("two", "one"), check("three", "two"), check("four")])
        assert results(rows) == {"one": "FAILED", "two": "skipped", "three": "skipped", "four": "ok"}

    async def test_tidying_up_is_never_skipped(self) -> None:
        rows = await run([check("one", works=False), check("last", "one", always=True)])
        assert results(rows)["last"] == "ok"

    async def test_is_shown_as_a_table(self) -> None:
        shown = "\n".join(lines(await run([check("one", works=False), check("two", "one")])))
        assert [line.split()[:2] for line in shown.splitlines()[1:]] == [["one", "FAILED"], ["two", "skipped"]]
        assert "needs: one" in shown


class TestQuestions:
    def test_are_answered_as_far_as_checks_do(self) -> None:
        shown = list(questions.lines({"history"}, on_aws=True))
        (unset,) = [line for line in shown if "unset values" in line]
        (moved,) = [line for line in shown if "MOVED?" in line]
        (zones,) = [line for line in shown if "in every zone" in line]
        assert [line.split()[0] for line in (unset, moved, zones)] == ["yes", "no?", "look"]

    async def test_name_checks_that_there_are(self) -> None:
        """A name that no check has would never be answered yes."""
        async with Api({"HttpUrl": "http://127.0.0.1:1", "WebSocketUrl": "ws://127.0.0.1:1"}) as nowhere:
            names = {check.name for check in checks(Scene(nowhere, within_s=1))}
        assert {name for question in questions.QUESTIONS for name in question.shown_by} <= names

    def test_have_no_answer_elsewhere(self) -> None:
        shown = list(questions.lines({"history"}, on_aws=False))
        assert not [line for line in shown if line.startswith(("  yes", "  no?", "  look"))]
        assert sum(line.startswith("  -") for line in shown) == len(questions.QUESTIONS)
