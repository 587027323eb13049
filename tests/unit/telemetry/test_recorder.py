import json

import pytest

from natter.metrics import ANSWERS, CACHE_HITS, EVENTS_STORED, LOG_TO_PLACE
from natter.telemetry import recorder
from natter.telemetry.recorder import VALUES
from tests.measuring import NAMESPACE, SERVICE, Measured


class TestRecorder:
    def test_counts_are_added_up_and_durations_kept_one_by_one(self, measured: Measured) -> None:
        for number in (2, 3):
            recorder.add(EVENTS_STORED, number)
            recorder.add(LOG_TO_PLACE, number)
        assert measured() == {"EventsStored": [5], "LogToPlace": [2, 3]}
        assert measured() == {}

    def test_nothing_is_counted_as_nothing(self, measured: Measured) -> None:
        recorder.count(EVENTS_STORED, 0)
        assert measured() == {}
        recorder.add(EVENTS_STORED, 0)
        assert measured() == {"EventsStored": [0]}

    def test_series_of_one_metric_are_told_apart(self, measured: Measured) -> None:
        recorder.add(CACHE_HITS, 1, "heads")
        recorder.add(CACHE_HITS, 2, "warm")
        assert measured() == {"CacheHits[heads]": [1], "CacheHits[warm]": [2]}

    def test_no_line_has_more_values_than_the_format_takes(self, measured: Measured) -> None:
        """Whatever is more, CloudWatch would not look at."""
        durations = list(range(2 * VALUES + 1))
        for duration in durations:
            recorder.add(LOG_TO_PLACE, duration)
        assert measured() == {"LogToPlace": durations}

    def test_what_fits_is_in_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        recorder.add(ANSWERS, 1, "send", "ok")
        recorder.add(EVENTS_STORED, 2)
        recorder.flush()
        (line,) = map(json.loads, capsys.readouterr().out.splitlines())
        about = line.pop("_aws")
        assert line == {"service": SERVICE, "Route": "send", "Code": "ok", "Answers": 1, "EventsStored": 2}
        assert about["CloudWatchMetrics"] == [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [["service", "Route", "Code"]],
                "Metrics": [{"Name": "Answers", "Unit": "Count"}],
            },
            {
                "Namespace": NAMESPACE,
                "Dimensions": [["service"]],
                "Metrics": [{"Name": "EventsStored", "Unit": "Count"}],
            },
        ]

    def test_a_metric_has_its_own_dimensions_and_no_others(self) -> None:
        with pytest.raises(ValueError, match="Answers is by Route, Code"):
            recorder.add(ANSWERS, 1, "send")
        with pytest.raises(ValueError, match="nothing but the function"):
            recorder.add(EVENTS_STORED, 1, "send")
