import json
from pathlib import Path

from tests.support.accounts import named, place


def test_what_a_function_has_found_to_be_lost_is_named(tmp_path: Path) -> None:
    lost = {"level": "ERROR", "message": "unaccounted", "partition": 3, "offsets": [8812, 8813], "records": 2}
    lines = ["START RequestId: 1", json.dumps(lost), '{"Unaccounted":2}']
    (tmp_path / "natter-local-reconcile.log").write_text("\n".join(lines))
    assert named(tmp_path) == {place(3, 8812), place(3, 8813)}
