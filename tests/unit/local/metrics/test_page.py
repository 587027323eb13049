from html.parser import HTMLParser

from local.metrics.charts import Charts
from local.metrics.distribution import Distribution
from local.metrics.meter import Metric
from local.metrics.page import index, page
from local.model import Dashboard, MetricStat, Widget

NOON = 1_800_000_000
CALLS = MetricStat(namespace="Shop", name="Calls", dimensions=(), period_s=60, statistic="Sum")
LINES = (("calls", "calls <1>"), ("found", "found"))
GRAPH = Widget(
    kind="metric",
    title="What & how",
    place=(6, 1, 12, 6),
    metrics={"calls": CALLS},
    expressions={"found": "SEARCH('x')"},
    lines=LINES,
    marks=((2.0, "much"), (1e9, "too much")),
)
NUMBER = Widget(kind="metric", place=(0, 7, 6, 6), single=True, metrics={"calls": CALLS}, lines=LINES[:1])
TEXT = Widget(kind="text", place=(0, 0, 24, 1), text="# Shop <script>")
ALARMS = Widget(kind="alarm", title="Rings", place=(0, 1, 6, 3), alarms=("slow", "down", "new"))
SHOP = Dashboard(name="shop", widgets=(TEXT, ALARMS, GRAPH, NUMBER))


class Reader(HTMLParser):
    """The tags of a page, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def a_page(*values: float) -> Reader:
    charts, taken = Charts([SHOP]), Distribution()
    for value in values:
        taken.add(value)
    if values:
        charts.record({Metric("Shop", "Calls", "Count"): taken}, now=NOON - 5)
    return Reader(page(SHOP, charts, {"slow": "ALARM", "down": "OK"}, now=NOON))


class TestPage:
    def test_draws_lines_and_numbers(self) -> None:
        read = a_page(1, 2)
        assert read.tags.count("svg") == 1
        assert "polyline" in read.tags
        assert read.tags.count("line") == 1, "only marks that are in the picture"
        assert read.words.count("3") == 1

    def test_says_what_it_does_not_know(self) -> None:
        words = " ".join(a_page().words)
        assert "nothing in this time" in words
        assert "not drawn here" in words

    def test_shows_the_states_of_alarms(self) -> None:
        words = " ".join(a_page().words)
        assert all(each in words for each in ("slow", "ALARM", "down", "OK", "not known here"))

    def test_words_of_the_template_are_words(self) -> None:
        read = a_page(1)
        assert "script" not in read.tags
        assert "What & how" in read.words
        assert any("calls <1>" in words for words in read.words)

    def test_index_leads_to_each(self) -> None:
        assert '<a href="/dashboards/shop">shop</a>' in index(Charts([SHOP]))
