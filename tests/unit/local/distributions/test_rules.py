"""What CloudFront does to requests and answers on their way."""

import gzip

import pytest

from local.distributions import rules
from local.distributions.rules import Answer
from local.model import AddedHeader, ApiOrigin, Behavior, BucketOrigin, Distribution

FILES = Behavior(
    origin=BucketOrigin(bucket="files", readable=True, listable=True),
    methods=frozenset({"GET", "HEAD"}),
    forwards=False,
    compress=True,
)
PAGE = b"<p>hello</p>" * 100


def behavior(pattern: str) -> Behavior:
    origin = ApiOrigin(port=1, headers={"x-proof": "secret"})
    return Behavior(pattern=pattern, origin=origin, methods=frozenset({"GET"}), forwards=True, compress=False)


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "path", "matches"),
        [
            ("/v1/*", "/v1/users/me", True),
            ("v1/*", "/v1/", True),
            ("/v1/*", "/v1", False),
            ("/v1/*", "/V1/users", False),
            ("/v1/*", "/web/v1/users", False),
            ("/v1/*", "/v1/../index.html", False),
            ("/v1/*", "/assets/%2e%2e/v1/users", True),
            ("/v1/*", "//v1//users", True),
            ("/v1/*", "/%76%31/users", True),
            ("/v1/*", "/v1%2Fusers", False),
            ("/a?.js", "/ab.js", True),
            ("/a?.js", "/a.js", False),
            ("*.js", "/deep/er/a.js", True),
            ("/a.js", "/aXjs", False),
        ],
    )
    def test_decide_by_the_path_as_it_is_meant(self, pattern: str, path: str, *, matches: bool) -> None:
        site = Distribution(logical_id="Site", distribution_id="E1", port=0, behaviors=(behavior(pattern), FILES))
        assert (rules.behavior_of(site, path) is not FILES) == matches

    def test_the_first_one_counts(self) -> None:
        first, second = behavior("/v1/a*"), behavior("/v1/*")
        site = Distribution(logical_id="Site", distribution_id="E1", port=0, behaviors=(first, second, FILES))
        assert [rules.behavior_of(site, path) for path in ("/v1/ab", "/v1/b", "/")] == [first, second, FILES]

    @pytest.mark.parametrize(("path", "climbs"), [("/a/../b", True), ("/%2e%2E/b", True), ("/a..b/...", False)])
    def test_a_bucket_has_nothing_above_it(self, path: str, *, climbs: bool) -> None:
        assert rules.climbs(path) == climbs


class TestForwarding:
    def test_an_api_is_told_all_but_the_name_that_was_asked(self) -> None:
        said = [
            ("host", "d1.cloudfront.net"),
            ("cookie", "a=1"),
            ("authorization", "Bearer x"),
            ("connection", "close"),
        ]
        told = rules.forwarded(behavior("*"), [*said, ("x-forwarded-for", "192.0.2.1"), ("via", "x")], "127.0.0.1")
        assert told == [
            ("cookie", "a=1"),
            ("authorization", "Bearer x"),
            ("x-forwarded-for", "192.0.2.1, 127.0.0.1"),
            ("via", rules.VIA),
            ("x-proof", "secret"),
        ]

    def test_what_the_distribution_adds_is_nobody_elses_to_say(self) -> None:
        told = rules.forwarded(behavior("*"), [("x-proof", "guessed")], "127.0.0.1")
        assert [value for name, value in told if name == "x-proof"] == ["secret"]

    def test_a_bucket_is_told_what_is_known_already_and_no_more(self) -> None:
        """The digest of what was compressed on its way is weak; the bucket's own is not."""
        said = [("cookie", "a=1"), ("if-none-match", 'W/"1"'), ("range", "bytes=0-1"), ("accept-encoding", "gzip")]
        told = rules.forwarded(FILES, said, "127.0.0.1")
        assert told == [("if-none-match", '"1"'), ("range", "bytes=0-1"), ("user-agent", "Amazon CloudFront")]


class TestHeaders:
    def test_of_the_policy_stand_over_those_of_the_origin_if_it_says_so(self) -> None:
        added = (
            AddedHeader(name="referrer-policy", value="no-referrer", override=True),
            AddedHeader(name="x-shop", value="ours", override=False),
            AddedHeader(name="x-new", value="new", override=False),
        )
        found = Behavior(
            origin=FILES.origin,
            methods=FILES.methods,
            forwards=False,
            compress=False,
            added=added,
            removed=frozenset({"server"}),
        )
        said = [("referrer-policy", "unsafe-url"), ("x-shop", "theirs"), ("server", "s3"), ("set-cookie", "a")]
        answer = rules.finished(found, Answer(200, [*said, ("set-cookie", "b")], b""), "")
        assert answer.headers == [
            ("x-shop", "theirs"),
            ("set-cookie", "a"),
            ("set-cookie", "b"),
            ("referrer-policy", "no-referrer"),
            ("x-new", "new"),
            ("via", rules.VIA),
        ]


class TestCompression:
    def compressed(
        self, accepts: str = "br, gzip;q=0.8", status: int = 200, body: bytes = PAGE, **headers: str
    ) -> Answer:
        said = {"content-type": "text/html; charset=utf-8", "etag": '"1"'} | headers
        pairs = [(name.replace("_", "-"), value) for name, value in said.items()]
        return rules.finished(FILES, Answer(status, pairs, body), accepts)

    def test_texts_are_compressed_and_their_digest_is_weak(self) -> None:
        answer = self.compressed()
        headers = dict(answer.headers)
        assert gzip.decompress(answer.body) == PAGE
        assert (headers["content-encoding"], headers["vary"], headers["etag"]) == ("gzip", "Accept-Encoding", 'W/"1"')

    @pytest.mark.parametrize(
        "asked",
        [
            {"accepts": ""},
            {"accepts": "br"},
            {"status": 206},
            {"body": b"x" * 999},
            {"content_type": "image/png"},
            {"content_encoding": "br"},
        ],
        ids=str,
    )
    def test_all_else_is_as_it_was(self, asked: dict[str, str]) -> None:
        answer = self.compressed(**asked)  # type: ignore[arg-type]
        assert answer.body == asked.get("body", PAGE)
        assert dict(answer.headers)["etag"] == '"1"'
