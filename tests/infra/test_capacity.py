"""What `natter-capacity` reckons: all of it grows with who uses it, limits are met where they say, units are right."""

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.capacity import command
from infra.capacity.bill import Bill
from infra.capacity.demand import Demand
from infra.capacity.hosted import OFFERS
from infra.capacity.limits import LIMITS, first, used
from infra.capacity.lists import lines, requests
from infra.capacity.measured import Measured, read
from infra.capacity.sizing import AT_MOST, BROKERS, fits, sized
from infra.capacity.usage import Usage
from infra.config import PROD
from infra.prices import PRICES
from tests.bench.counting import ecpu

MILLION = 1_000_000
users = st.integers(1, 10_000_000)
MADE_UP = Measured(
    date="2026-01-01",
    command="nothing",
    about={},
    acts={
        act: {}
        for act in ("receipt", "typing", "ping", "connection", "watch", "refresh", "inbox", "history", "group message")
    }
    | {
        "direct message": {
            "gateway.frames_in": 1,
            "gateway.posts": 2,
            "lambda.send.ms": 10,
            "lambda.send.mb_ms": 10240,
        },
        "away message": {"gateway.frames_in": 1, "gateway.posts": 1, "lambda.wake.ms": 5},
    },
    minute={"lambda.relay.ms": 60},
    connection_bytes=1024,
)
"""Numbers that can be reckoned with in one's head."""


@cache
def measured() -> Measured:
    return read()


def demand(number: int, **other: float) -> Demand:
    return Demand(replace(Usage(users=number), **other), measured())  # type: ignore[arg-type]


def a_day(**other: float) -> Demand:
    """86,400 users who write one direct message a day: one a second."""
    usage = Usage(users=86_400, messages_per_user_day=1, group_share=0, away_share=0, busiest=1, slower=1)
    return Demand(replace(usage, **other), MADE_UP)  # type: ignore[arg-type]


class TestDemand:
    def test_rates_are_by_the_second(self) -> None:
        assert a_day().busiest("gateway.frames_in") == pytest.approx(1)
        assert a_day(busiest=3).busiest("gateway.posts") == pytest.approx(6)

    def test_executions_at_once_are_rate_times_duration(self) -> None:
        assert a_day().concurrency("send") == pytest.approx(0.010)
        assert a_day(slower=3).concurrency("send") == pytest.approx(0.030)

    def test_what_runs_every_minute_runs_without_users(self) -> None:
        assert replace(a_day(), usage=replace(a_day().usage, users=0)).concurrency("relay") == pytest.approx(0.001)

    def test_a_gigabyte_second_is_one_of_1024_megabytes(self) -> None:
        assert a_day().gb_seconds == pytest.approx(86_400 * 0.010 * 10 * (730 / 24) / 10)

    def test_memory_is_that_of_who_is_connected(self) -> None:
        assert a_day(connected_share=0.5).valkey_gb == pytest.approx(86_400 / 2 * 1024 / 1024**3)

    def test_a_push_is_what_a_message_to_somebody_away_needs_beyond_another(self) -> None:
        assert a_day().vectors["push"] == {
            "gateway.frames_in": 0,
            "gateway.posts": 0,
            "lambda.wake.ms": 5,
        }

    def test_what_was_not_counted_is_named(self) -> None:
        less = replace(MADE_UP, acts={act: each for act, each in MADE_UP.acts.items() if act != "inbox"})
        assert Demand(Usage(), MADE_UP).uncounted == []
        assert Demand(Usage(), less).uncounted == ["inbox"]
        assert Demand(Usage(inboxes_per_day=0), less).uncounted == []

    @given(users, users)
    def test_more_users_need_more_of_everything(self, one: int, other: int) -> None:
        less, more = (demand(number) for number in sorted((one, other)))
        for name in more.day:
            assert less.day[name] <= more.day[name]

    @pytest.mark.parametrize("share", ["group_share", "away_share", "connected_share"])
    def test_a_share_is_one(self, share: str) -> None:
        with pytest.raises(ValueError, match=share):
            demand(1, **{share: 1.1})


class TestSizing:
    @given(users, users)
    def test_more_users_never_get_a_smaller_stage(self, one: int, other: int) -> None:
        less, more = (sized(demand(number)) for number in sorted((one, other)))
        kinds = list(BROKERS)
        assert less.partitions <= more.partitions
        assert kinds.index(less.broker_instance) <= kinds.index(more.broker_instance)
        assert less.broker_storage_gb <= more.broker_storage_gb
        assert less.cache_max_ecpu <= more.cache_max_ecpu

    @given(users)
    def test_what_a_stage_chooses_itself_has_room(self, number: int) -> None:
        asked = demand(number)
        stage = sized(asked)
        assert asked.concurrency("persist") <= stage.partitions * AT_MOST * (1 + 1e-9)
        assert asked.busiest("valkey.ecpu") <= stage.cache_max_ecpu * AT_MOST * (1 + 1e-9)
        assert fits(stage.broker_instance, asked, stage) or stage.broker_instance == list(BROKERS)[-1]

    def test_it_is_prod_with_other_numbers(self) -> None:
        """So the templates are those that are tested."""
        stage = sized(demand(MILLION))
        assert (stage.name, stage.zone_ids, stage.kafka_auth) == (PROD.name, PROD.zone_ids, PROD.kafka_auth)


class TestLimits:
    @given(users)
    def test_the_first_is_the_nearest_and_is_met_where_it_says(self, number: int) -> None:
        asked = demand(number)
        stage = sized(asked)
        nearest = first(asked, stage)
        assert nearest.share == max(each.share for each in used(asked, stage))
        if nearest.limit.name.startswith("API Gateway, requests"):
            there = demand(round(nearest.users))
            assert there.gateway_requests == pytest.approx(nearest.has, rel=0.01)

    def test_one_that_is_lowered_is_found(self) -> None:
        asked = demand(MILLION)
        stage = replace(sized(asked), account_concurrency=1)
        assert first(asked, stage).limit.name == "Lambda, executions at once"

    def test_ten_million_exceed_what_an_account_has(self) -> None:
        asked = demand(10 * MILLION)
        exceeded = {each.limit.name for each in used(asked, sized(asked)) if each.share > 1}
        assert {"API Gateway, requests of all APIs", "API Gateway, connections of two hours at that rate"} <= exceeded

    def test_each_says_what_lifts_it_and_where_it_is_from(self) -> None:
        assert all(limit.lift and limit.source for limit in LIMITS)
        assert len({limit.name for limit in LIMITS}) == len(LIMITS)


class TestBill:
    @given(users, users)
    def test_more_users_never_cost_less(self, one: int, other: int) -> None:
        less, more = (Bill(asked, sized(asked)) for asked in map(demand, sorted((one, other))))
        for service, usd in less.by_service.items():
            assert 0 <= usd <= more.by_service[service] * (1 + 1e-9)

    def test_a_million_users_cost_less_each_than_ten_thousand(self) -> None:
        each = [Bill(asked, sized(asked)).per_user for asked in map(demand, (10_000, MILLION))]
        assert each[1] < each[0]

    def test_a_message_more_costs_what_the_list_says(self) -> None:
        """Twice: by the list of what one is billed for, and by the difference of two bills; stages and steps aside."""
        usage = {
            "group_share": 0.0,
            "away_share": 0.0,
            "receipts_per_message": 0.0,
            "typing_per_message": 0.0,
            "slower": 1.0,
        }
        few, many = (demand(10_000, messages_per_user_day=number, **usage) for number in (1.0, 2.0))
        stage = sized(few)
        messages = many.usage.messages_per_month - few.usage.messages_per_month
        got = (Bill(many, stage).total - Bill(few, stage).total) / messages * 1e6
        listed = sum(line.millions_usd for line in lines(measured().acts["direct message"]))
        assert got == pytest.approx(
            listed, rel=0.25
        )  # beside the list: what is stored, kept, and copied between brokers
        assert got >= listed * 0.99

    @pytest.mark.parametrize(
        ("counted", "service", "price"),
        [
            ({"gateway.frames_in": 1}, "API Gateway", "WebSocket message"),
            ({"gateway.frames_out": 1}, "API Gateway", "WebSocket message"),
            ({"http.requests": 1}, "API Gateway", "HTTP request"),
            ({"lambda.send.invocations": 1}, "Lambda", "invocation"),
            ({"lambda.send.mb_ms": 1024 * 1000}, "Lambda", "GB-second"),
            ({"keyspaces.write.heads": 1}, "Keyspaces", "write unit"),
            ({"keyspaces.read.heads": 1}, "Keyspaces", "read unit"),
            ({"valkey.ecpu": 1}, "Valkey", "ECPU"),
            ({"requests.sqs:SendMessage": 1}, "SQS, SNS, KMS", "SQS request"),
            ({"requests.kms:Sign": 1}, "SQS, SNS, KMS", "signature"),
        ],
    )
    def test_each_thing_that_is_counted_is_paid_once(self, counted: dict[str, float], service: str, price: str) -> None:
        nothing = replace(MADE_UP, acts={act: {} for act in MADE_UP.acts}, minute={})
        something = replace(nothing, acts={**nothing.acts, "ping": counted})
        usage = Usage(users=1000)
        stage = sized(Demand(usage, nothing))
        bills = [Bill(Demand(usage, each), stage).by_service for each in (nothing, something)]
        pings = 1000 * usage.acts_per_day()["ping"] * 730 / 24
        different = {name: usd - bills[0][name] for name, usd in bills[1].items() if usd != bills[0][name]}
        assert different == {service: pytest.approx(pings * PRICES[price].usd)}

    def test_hosted_chat_is_reckoned_for_the_same(self) -> None:
        usage = Usage(users=1000, messages_per_user_day=10, group_share=0)
        assert OFFERS["Twilio Conversations"].monthly_usd(usage) == pytest.approx(50)
        assert OFFERS["Ably"].monthly_usd(usage) == pytest.approx(2.5e-6 * 2 * usage.messages_per_month)


class TestMeasured:
    def test_it_says_how_and_when(self) -> None:
        assert measured().command == "python -m tests.bench.billed"
        assert measured().date >= "2026-11-29"

    def test_a_message_is_one_frame_an_invocation_each_and_a_post_each(self) -> None:
        """What is known of it without counting."""
        direct, group = (measured().acts[f"{kind} message"] for kind in ("direct", "group"))
        assert direct["gateway.frames_in"] == group["gateway.frames_in"] == 1
        assert (direct["gateway.posts"], group["gateway.posts"]) == (2, 10)
        assert (direct["gateway.frames_out"], group["gateway.frames_out"]) == (3, 11)  # the ack is one
        assert direct["lambda.send.invocations"] == direct["lambda.persist.invocations"] == 1
        assert direct["keyspaces.write.events"] == group["keyspaces.write.events"] == 1

    def test_what_is_billed_one_by_one_is_added_up(self) -> None:
        assert requests({"gateway.frames_in": 1, "gateway.frames_out": 3, "lambda.send.ms": 7}) == 4
        assert requests({"lambda.send.invocations": 2, "lambda.send.ms": 7, "requests.sqs:SendMessage": 1}) == 3
        assert requests({"logs.bytes": 1000, "keyspaces.write.events": 1, "valkey.ecpu": 5}) == 0


class TestUnitsOfValkey:
    @pytest.mark.parametrize(
        ("counted", "units"),
        [
            ({"valkey.commands.get": 2}, 2),
            ({"valkey.commands.get": 2, "valkey.usec.get": 300}, 2),
            ({"valkey.commands.eval": 2, "valkey.usec.eval": 3}, 2),
            ({"valkey.commands.eval": 2, "valkey.usec.eval": 30}, 10),
            ({"valkey.commands.get": 2, "valkey.bytes": 5 * 1024}, 5),
        ],
    )
    def test_are_by_command_by_time_or_by_size(self, counted: dict[str, float], units: float) -> None:
        assert ecpu(counted) == units


class TestCommand:
    def test_says_what_was_asked(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--users", "1_000_000", "--messages-per-user-day", "40"]) == 0
        said = capsys.readouterr().out
        for word in ("1,000,000 users", "first limit met: ", "partitions of a topic", "a million messages", "ECPU"):
            assert word in said

    def test_lists_requests(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--requests"]) == 0
        assert "invocations of `persist`" in capsys.readouterr().out

    def test_refuses_what_cannot_be(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command.main(["--group-share", "2"]) == 2
        assert "group_share" in capsys.readouterr().err
