import re
import uuid

from natter.domain.ids import ID_PATTERN, new_id


def test_new_ids_are_uuid7_and_distinct() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    assert {uuid.UUID(each).version for each in made} == {7}
    assert all(re.fullmatch(ID_PATTERN, each) for each in made)
