"""Traces: where they begin, what carries them, which are sampled, and what becomes of them."""

import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from natter.telemetry import recorder as measured_here
from natter.telemetry.recorder import Recorder
from natter.telemetry.tracing import MOST, MOST_SPANS, SLOW_MS, Allowance, Tracer, trace_id_of
from tests.measuring import Measured

ASKED = "request-1="
EVERYTHING, NOTHING = 1.0, 0.0


class Door:
    """Where traces are exported to, as long as it is open."""

    def __init__(self) -> None:
        self.is_open = True
        self.asked = 0
        self.taken: list[dict[str, Any]] = []

    def __call__(self, body: bytes) -> bool:
        self.asked += 1
        if self.is_open:
            (resource,) = json.loads(body)["resourceSpans"]
            self.taken += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
        return self.is_open

    @property
    def names(self) -> Sequence[str]:
        return [span["name"] for span in self.taken]

    def of(self, name: str) -> dict[str, Any]:
        (found,) = [span for span in self.taken if span["name"] == name]
        return found


@pytest.fixture
def door() -> Door:
    return Door()


def a_tracer(door: Door, ratio: float, recorder: Recorder | None = None) -> Tracer:
    made = Tracer(recorder or Recorder())
    made.configure(ratio, door)
    return made


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def carried_by(tracer: Tracer, asked: str = ASKED, *, at: int | None = None) -> str:
    """What goes out of a frame."""
    with tracer.request("send", asked, now_ms() if at is None else at):
        carried = tracer.carry("lobby")
    assert carried is not None
    return carried


class TestWhereItBegins:
    def test_its_id_is_made_of_what_the_gateway_calls_the_frame(self, door: Door) -> None:
        version, trace_id, span_id, flags = carried_by(a_tracer(door, NOTHING)).split("-")
        assert (version, trace_id, flags) == ("00", trace_id_of(ASKED), "00")
        assert (len(trace_id), len(span_id)) == (32, 16)

    def test_what_is_answered_names_it(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        with tracer.request("unknown", ASKED, now_ms()):
            tracer.answered("GET /v1/users", "not_found", failed=False)
        tracer.flush()
        span = door.of("GET /v1/users")
        assert {each["key"]: each["value"] for each in span["attributes"]} == {
            "request_id": {"stringValue": ASKED},
            "code": {"stringValue": "not_found"},
        }
        assert "status" not in span
        assert "parentSpanId" not in span

    def test_it_begins_when_the_gateway_had_it(self, door: Door) -> None:
        tracer, at = a_tracer(door, EVERYTHING), now_ms() - 200
        carried_by(tracer, at=at)
        tracer.flush()
        span = door.of("send")
        assert int(span["startTimeUnixNano"]) == at * 1_000_000
        assert int(span["endTimeUnixNano"]) > int(span["startTimeUnixNano"])


class TestWhatGoesOn:
    def test_a_record_is_part_of_the_trace_of_its_frame(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        carried = carried_by(tracer)
        with tracer.batch("chat.commands", [("lobby", carried, now_ms() - 50)]), tracer.leg("post", posts=2):
            pass
        tracer.flush()
        assert door.names == ["send", "chat.commands", "tested", "post"]
        sent, waited, folded, posted = door.taken
        assert {each["traceId"] for each in door.taken} == {trace_id_of(ASKED)}
        parents = [each.get("parentSpanId") for each in door.taken]
        assert parents == [None, sent["spanId"], waited["spanId"], folded["spanId"]]
        assert int(folded["startTimeUnixNano"]) - int(waited["startTimeUnixNano"]) >= 50_000_000
        assert posted["attributes"] == [{"key": "posts", "value": {"intValue": "2"}}]

    def test_what_goes_out_under_a_key_goes_on_with_what_came_in_under_it(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        one, other = (carried_by(tracer, asked) for asked in ("1", "2"))
        with tracer.batch("chat.commands", [("lobby", one, now_ms()), ("attic", other, now_ms())]):
            carried = {key: str(tracer.carry(key))[3:35] for key in ("lobby", "attic")}
            somewhere = str(tracer.carry("cellar"))[3:35]
        assert carried == {"lobby": trace_id_of("1"), "attic": trace_id_of("2")}
        assert somewhere in carried.values()

    def test_those_that_are_sampled_go_on_side_by_side(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        sampled = [carried_by(tracer, asked) for asked in ("1", "2")]
        with tracer.batch("chat.commands", [("lobby", each, now_ms()) for each in sampled]):
            carried = str(tracer.carry("lobby"))
        with tracer.message("waves", carried, now_ms()):
            pass
        tracer.flush()
        assert [each["traceId"] for each in door.taken if each["name"] == "waves"] == [
            trace_id_of("1"),
            trace_id_of("2"),
        ]

    def test_of_many_only_some_do(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        tracer.configure(EVERYTHING, door, Allowance(burst=100))
        sampled = [(str(number), carried_by(tracer, str(number)), now_ms()) for number in range(3 * MOST)]
        tracer.flush()
        door.taken.clear()
        with tracer.batch("chat.commands", sampled):
            assert len(str(tracer.carry()).split(",")) == MOST
        tracer.flush()
        assert door.names.count("tested") == MOST

    @pytest.mark.parametrize("carried", ["", "nonsense", "00-x-y-01", "x" * 55, "," * 55])
    def test_what_carries_none_begins_one(self, door: Door, carried: str) -> None:
        """Records of before this was noted; and nobody is taken in by what is none."""
        tracer = a_tracer(door, EVERYTHING)
        with tracer.batch("chat.commands", [("lobby", carried, now_ms())]):
            version, trace_id, _, flags = str(tracer.carry("lobby")).split("-")
        assert (version, len(trace_id), flags) == ("00", 32, "00")

    def test_outside_of_all_work_nothing_is_carried(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        with tracer.leg("append"):
            assert tracer.carry("lobby") is None
        assert tracer.current == []


class TestSampling:
    def test_a_share_is_sampled(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        tracer.configure(0.25, door, Allowance(burst=1000))
        sampled = sum(carried_by(tracer, str(number)).endswith("01") for number in range(1000))
        assert 180 < sampled < 320

    def test_no_more_than_are_allowed(self, door: Door) -> None:
        """An outage makes an error of everything."""
        clock = [0.0]
        tracer = a_tracer(door, EVERYTHING)
        tracer.configure(EVERYTHING, door, Allowance(per_s=1, burst=2, clock=lambda: clock[0]))
        assert [carried_by(tracer)[-2:] for _ in range(3)] == ["01", "01", "00"]
        clock[0] = 1.0
        assert [carried_by(tracer)[-2:] for _ in range(2)] == ["01", "00"]

    def test_an_error_is_sampled_whatever_was_decided(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        with pytest.raises(KeyError), tracer.request("send", ASKED, now_ms()), tracer.leg("append"):
            raise KeyError
        tracer.flush()
        assert [door.of(name)["status"] for name in ("send", "append")] == [{"code": 2}] * 2

    def test_so_is_what_is_given_back(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        with tracer.message("waves", "", now_ms()) as work:
            work.failed = True
        tracer.flush()
        assert door.names == ["waves", "tested"]

    def test_so_is_what_is_slow_and_what_comes_of_it(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        carried = carried_by(tracer, at=now_ms() - SLOW_MS - 10)
        assert carried.endswith("01")
        with tracer.batch("chat.commands", [("lobby", carried, now_ms())]):
            pass
        tracer.flush()
        assert door.names == ["send", "chat.commands", "tested"]

    def test_waiting_in_a_queue_is_not_slow(self, door: Door) -> None:
        tracer = a_tracer(door, NOTHING)
        with tracer.message("waves", "", now_ms() - 10 * SLOW_MS):
            pass
        tracer.flush()
        assert door.asked == 0

    def test_where_nothing_is_exported_nothing_is_sampled(self) -> None:
        tracer = Tracer(Recorder())
        assert carried_by(tracer, at=0).endswith("00")

    def test_what_is_sampled_is_logged_in_detail(self, door: Door) -> None:
        told: list[bool] = []
        tracer = Tracer(Recorder(), told.append)
        tracer.configure(EVERYTHING, door)
        carried_by(tracer)
        tracer.configure(NOTHING, door)
        carried_by(tracer)
        assert told == [True, False]


class TestExporting:
    def test_one_that_is_away_fails_nothing_is_counted_and_is_let_be(
        self, door: Door, measured: Measured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        tracer = a_tracer(door, EVERYTHING, measured_here)
        door.is_open = False
        for _ in range(2):
            carried_by(tracer)
            tracer.flush()
        assert (door.asked, measured()) == (1, {"SpansLost": [2]})
        door.is_open, clock[0] = True, 1100.0
        carried_by(tracer)
        tracer.flush()
        assert (door.names, measured()) == (["send"], {})

    def test_no_more_is_kept_than_there_is_room_for(self, door: Door, measured: Measured) -> None:
        tracer = a_tracer(door, EVERYTHING, measured_here)
        with tracer.request("send", ASKED, now_ms()):
            for _ in range(MOST_SPANS + 9):
                with tracer.leg("append"):
                    pass
        tracer.flush()
        assert (len(door.taken), measured()) == (MOST_SPANS, {"SpansLost": [10]})

    def test_one_that_breaks_fails_nothing(self, door: Door, measured: Measured) -> None:
        tracer = a_tracer(door, EVERYTHING, measured_here)

        def broken(_: bytes) -> bool:
            raise KeyError

        tracer.configure(EVERYTHING, broken)
        carried_by(tracer)
        tracer.flush()
        assert measured() == {"SpansLost": [1]}

    def test_nothing_is_exported_twice(self, door: Door) -> None:
        tracer = a_tracer(door, EVERYTHING)
        carried_by(tracer)
        tracer.flush()
        tracer.flush()
        assert door.asked == 1
