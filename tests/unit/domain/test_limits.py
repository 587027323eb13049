import pytest

from natter.domain import limits
from natter.domain.limits import Bucket, adjusted

BUCKETS = [each for each in vars(limits).values() if isinstance(each, Bucket)]


def per_minute(bucket: Bucket) -> tuple[int, int]:
    return round(bucket.rate * 60), bucket.burst


class TestBuckets:
    def test_are_those_of_the_protocol(self) -> None:
        """docs/protocol.md, `rate_limited`."""
        assert per_minute(limits.COMMANDS) == (20 * 60, 60)
        assert per_minute(limits.HTTP_PER_USER) == (20 * 60, 100)
        assert per_minute(limits.SIGNALS) == (10 * 60, 30)
        assert per_minute(limits.TYPING) == (60 // 2, 1)
        assert per_minute(limits.FAILED_SIGN_INS_PER_NAME) == (5, 5)
        assert per_minute(limits.FAILED_SIGN_INS_PER_ADDRESS) == (50, 50)
        assert per_minute(limits.FAILED_SIGN_INS_PER_DEVICE) == (5, 5)
        assert per_minute(limits.WRONG_PASSWORDS_PER_SESSION) == (5, 5)
        assert per_minute(limits.SIGN_UPS_PER_ADDRESS) == (20, 20)
        assert per_minute(limits.NEW_CONVERSATIONS) == (10, 60)
        assert per_minute(limits.TYPING_PER_USER) == (10 * 60, 30)
        assert per_minute(limits.SIGN_INS_PER_USER) == (60, 300)
        assert per_minute(limits.SIGN_INS_PER_ADDRESS) == (600, 1000)
        assert per_minute(limits.PUSH_REGISTRATIONS) == (10, 30)
        assert per_minute(limits.REPORTS) == (10, 30)
        assert len(BUCKETS) == 15
        assert sorted(limits.BUCKETS) == sorted(bucket.name for bucket in BUCKETS)

    def test_no_one_user_can_use_up_an_address(self) -> None:
        """Others may be behind it."""
        assert limits.SIGN_INS_PER_USER.rate < limits.SIGN_INS_PER_ADDRESS.rate
        assert limits.SIGN_INS_PER_USER.burst < limits.SIGN_INS_PER_ADDRESS.burst

    def test_none_shares_the_keys_of_another(self) -> None:
        assert len({bucket.name for bucket in BUCKETS}) == len(BUCKETS)


class TestAdjusted:
    def test_a_stage_may_have_other_rates(self) -> None:
        assert adjusted({}) == {}
        assert adjusted({"commands": (100, 300)}) == {"commands": Bucket("commands", rate=100, burst=300)}

    def test_of_limits_that_there_are(self) -> None:
        with pytest.raises(ValueError, match="no such limits: messages"):
            adjusted({"messages": (1, 1), "commands": (100, 300)})
