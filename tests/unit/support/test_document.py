import pytest

from tests.support.document import is_documented


class TestIsDocumented:
    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/v1/users/me", 200, None),
            ("GET", "/v1/users/me", 304, None),
            ("GET", "/v1/users/someone", 404, "not_found"),
            ("GET", "/v1/users?username=ann", 200, None),
            ("GET", "/v1/conversations/c/events", 403, "not_member"),
            ("GET", "/v1/health", 503, None),
            ("GET", "/v1/nowhere", 404, "not_found"),
            ("GET", "/v1/users/me", 502, None),
        ],
    )
    def test_what_is(self, method: str, path: str, status: int, code: str | None) -> None:
        assert is_documented(method, path, status, code)

    @pytest.mark.parametrize(
        ("method", "path", "status", "code"),
        [
            ("GET", "/v1/users/me", 201, None),
            ("GET", "/v1/users/me", 404, "not_found"),
            ("GET", "/v1/conversations/c/events", 403, "forbidden"),
            ("POST", "/v1/users", 409, "conflict"),
        ],
    )
    def test_what_is_not(self, method: str, path: str, status: int, code: str | None) -> None:
        assert not is_documented(method, path, status, code)
