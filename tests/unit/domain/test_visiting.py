import re

from natter.domain.visiting import GENERATION_MS, Leg, generation, pair
from natter.metrics import LEGS
from natter.wire.accounts import SignUpBody

NOW = 1_800_000_000_000


class TestLegs:
    def test_are_those_that_are_measured(self) -> None:
        assert tuple(Leg) == LEGS


class TestPair:
    def test_is_the_same_for_whoever_has_the_secret(self) -> None:
        assert pair("secret", 7) == pair("secret", 7)

    def test_another_week_or_secret_is_other_people(self) -> None:
        """With other names, passwords and devices: what is known of one is of no use afterwards."""
        pairs = [pair("secret", 7), pair("secret", 8), pair("other", 7)]
        people = [person for each in pairs for person in (each.caller, each.callee)]
        for known in ("username", "password", "device_id"):
            assert len({getattr(person, known) for person in people}) == len(people)

    def test_they_may_sign_up(self) -> None:
        for person in (pair("secret", 7).caller, pair("secret", 7).callee):
            SignUpBody(username=person.username, password=person.password)
            assert re.fullmatch(r"visitor_[0-9a-f]{16}_[ab]", person.username)

    def test_passwords_are_not_shown(self) -> None:
        person = pair("secret", 7).caller
        assert person.password not in repr(person)


class TestGeneration:
    def test_lasts_a_week(self) -> None:
        begins = generation(NOW) * GENERATION_MS
        assert generation(begins) == generation(begins + GENERATION_MS - 1) == generation(begins + GENERATION_MS) - 1
        assert GENERATION_MS == 7 * 86_400_000
