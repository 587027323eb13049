"""Who is part of traces is told where they go, and may write them there; nobody else, and nothing but that."""

import json

import pytest

from infra.config import DEV, LOCAL, PROD
from local.traces.door import PATH
from natter.metrics import FUNCTIONS, SPANS_LOST, TRACED
from tests.infra.templates import Templates

WRITING = {"xray:PutTraceSegments", "xray:PutSpans", "xray:PutSpansForIndexing"}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_exports_if_it_is_part_of_traces(app: Templates, name: str) -> None:
    variables = app.functions()[name]["Environment"]["Variables"]
    allowed = {action for action in app.actions(name) if action.startswith("xray:")}
    assert allowed == (WRITING if name in TRACED else set())
    assert ("NATTER_TRACES__ENDPOINT" in variables) == ("NATTER_TRACES__RATIO" in variables) == (name in TRACED)


def test_they_go_to_the_region_s_own_endpoint(app: Templates) -> None:
    endpoint = json.dumps(app.functions()["send"]["Environment"]["Variables"]["NATTER_TRACES__ENDPOINT"])
    assert "https://xray." in endpoint
    assert endpoint.count(PATH) == 1


def test_few_are_sampled_where_there_are_many() -> None:
    assert (PROD.traced, DEV.traced, LOCAL.traced) == (0.01, 1.0, 1.0)


def test_whose_spans_may_be_lost_are_those_that_make_them() -> None:
    assert set(SPANS_LOST.by) == set(TRACED)
