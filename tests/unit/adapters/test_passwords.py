import argon2
import argon2.profiles
import pytest

from natter.adapters.passwords import OWASP_19_MIB, Argon2Passwords

CHEAP = Argon2Passwords(argon2.profiles.CHEAPEST)


class TestArgon2Passwords:
    def test_the_right_password(self) -> None:
        assert CHEAP.verify(CHEAP.hash("correct"), "correct")

    @pytest.mark.parametrize("password", ["wrong", "", "correct ", "Correct", "x" * 1024, "\0"])
    def test_a_wrong_password(self, password: str) -> None:
        assert not CHEAP.verify(CHEAP.hash("correct"), password)

    @pytest.mark.parametrize("typed", ["cafe\u0301 \u1100\u1161", "caf\u00e9 \uac00", "caf\u00e9\u00a0\uac00"])
    def test_however_a_keyboard_composes_it(self, typed: str) -> None:
        """RFC 8265: as of a phone and a laptop."""
        for known in ("cafe\u0301 \u1100\u1161", "caf\u00e9 \uac00"):
            assert CHEAP.verify(CHEAP.hash(known), typed)

    def test_what_is_not_canonically_the_same_is_another(self) -> None:
        assert not CHEAP.verify(CHEAP.hash("\ufb01sh"), "fish")

    def test_a_hash_of_what_was_typed_stays_good(self) -> None:
        """As they were made before."""
        old = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST).hash("cafe\u0301")
        assert CHEAP.verify(old, "cafe\u0301")

    def test_the_same_password_twice_is_two_hashes(self) -> None:
        assert CHEAP.hash("correct") != CHEAP.hash("correct")

    def test_a_hash_says_how_it_was_made(self) -> None:
        """So one made with another profile is verified all the same."""
        assert Argon2Passwords().verify(CHEAP.hash("correct"), "correct")
        assert argon2.extract_parameters(Argon2Passwords().hash("correct")) == OWASP_19_MIB

    def test_nobody_has_no_password(self) -> None:
        assert not CHEAP.verify(None, "")

    @pytest.mark.parametrize("profile", [OWASP_19_MIB, argon2.profiles.CHEAPEST])
    def test_nobody_costs_the_same_work(self, profile: argon2.Parameters) -> None:
        """What nobody's password is compared with has the very parameters of everybody's."""
        assert argon2.extract_parameters(Argon2Passwords(profile)._nobodys) == profile

    def test_a_broken_hash_matches_nothing(self) -> None:
        assert not CHEAP.verify("not a hash", "correct")
