from functions.export.handler import build
from natter.domain.ids import UserId
from tests.messages import ANN


def test_makes_the_archive_that_was_asked_for() -> None:
    asked: list[tuple[UserId, str]] = []

    def make(user: UserId, export_id: str) -> bool:
        asked.append((user, export_id))
        return True

    assert build(make)({"user_id": ANN, "export_id": "e1"}, None) == {"made": True}
    assert asked == [(ANN, "e1")]
