import hmac

import pytest

from natter.adapters.edge import SecretEdge
from natter.domain.errors import Unavailable


class Secrets:
    """Two that take turns; `away` for as many reads."""

    def __init__(self, away: int = 0) -> None:
        self.reads, self._away = 0, away

    def __call__(self) -> list[str]:
        self.reads += 1
        if self.reads <= self._away:
            raise Unavailable("secrets")
        return ["the new one", "the old one"]


class TestProof:
    def test_all_secrets_count(self) -> None:
        """Else requests would be refused while a new one takes the place of the old one."""
        edge = SecretEdge("api.natter.example", Secrets())
        assert [edge.sent("the new one"), edge.sent("the old one")] == [True, True]

    @pytest.mark.parametrize(
        "proof", ["", "the", "the new one ", "THE NEW ONE", "the new one,the old one", "\udcff", "é"]
    )
    def test_nothing_else_does(self, proof: str) -> None:
        assert not SecretEdge("api.natter.example", Secrets()).sent(proof)

    def test_each_is_compared_in_constant_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first that is right is not the last that is looked at."""
        compared = []

        def compare(given: bytes, secret: bytes) -> bool:
            compared.append(secret)
            return given == secret

        monkeypatch.setattr(hmac, "compare_digest", compare)
        assert SecretEdge("api.natter.example", Secrets()).sent("the new one")
        assert compared == [b"the new one", b"the old one"]

    def test_secrets_are_read_once(self) -> None:
        secrets = Secrets()
        edge = SecretEdge("api.natter.example", secrets)
        assert [edge.sent("the new one"), edge.sent("wrong")] == [True, False]
        assert secrets.reads == 1

    def test_secrets_that_could_not_be_read_are_read_again(self) -> None:
        edge = SecretEdge("api.natter.example", Secrets(away=1))
        with pytest.raises(Unavailable):
            edge.sent("the new one")
        assert edge.sent("the new one")
