from natter.entrypoints.faults import describe


def test_says_where_and_what_but_not_with_which_values() -> None:
    secret = "ann@example.org"
    try:
        {"bob": 1}[secret]
    except KeyError as error:
        described = describe(error)
    assert "test_faults.py" in described
    assert described.endswith("KeyError")
    assert secret not in described
