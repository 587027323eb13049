"""What bucket deployments put into buckets."""

from pathlib import Path
from typing import Any

import pytest

from local.assembly import Assembly, Attributes, Resolver, Site
from local.assembly.templates import Stack
from local.provision.errors import ProvisionFailed
from local.provision.files import content_type, is_chosen, provision_files

SITE = Site("eu-west-1", "123456789012")


class FakeS3:
    """A bucket; only what a deployment asks of S3."""

    def __init__(self, *keys: str) -> None:
        self.objects: dict[str, dict[str, Any]] = {key: {} for key in keys}

    def put_object(self, *, Bucket: str, Key: str, **said: Any) -> None:  # noqa: N803
        self.objects[f"{Bucket}/{Key}"] = said

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803
        del self.objects[f"{Bucket}/{Key}"]

    def get_paginator(self, _: str) -> "FakeS3":
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        names = [key.removeprefix(f"{Bucket}/") for key in self.objects]
        return [{"Contents": [{"Key": name} for name in names if name.startswith(Prefix)]}]


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """Two assets, by their keys: an app, and its settings with a mark in the place of what is known later."""
    app, settings = tmp_path / "app", tmp_path / "settings"
    (app / "assets").mkdir(parents=True)
    settings.mkdir()
    (app / "index.html").write_text("<p>home</p>")
    (app / "assets" / "app-1.js").write_text("run()")
    (settings / "config.json").write_text('{"url": "https://<<0>>.<<1>>.example"}')
    return {"app.zip": app, "settings.zip": settings}


def deployed(s3: FakeS3, folders: dict[str, Path], **properties: Any) -> dict[str, dict[str, Any]]:
    stated = {
        "DestinationBucketName": "site",
        "SourceObjectKeys": ["app.zip", "settings.zip"],
        "SourceMarkers": [{}, {"<<0>>": "shop", "<<1>>": {"Ref": "AWS::Region"}}],
        "Prune": False,
    }
    resource = {"Type": "Custom::CDKBucketDeployment", "Properties": stated | properties}
    stack = Stack("shop", {"Resources": {"Deployment": resource}}, folders)
    attributes = Attributes(kafka="", valkey="", postgres="")
    here = {"https://shop.eu-west-1.example": "http://127.0.0.1:1"}
    resolver = Resolver(Assembly({"shop": stack}), SITE, attributes, lambda text: _rewritten(text, here))
    provision_files(s3, resolver)
    return s3.objects


def _rewritten(text: str, addresses: dict[str, str]) -> str:
    for there, here in addresses.items():
        text = text.replace(there, here)
    return text


class TestDeployment:
    def test_puts_all_sources_with_what_is_known_only_then(self, folders: dict[str, Path]) -> None:
        objects = deployed(FakeS3(), folders, SystemMetadata={"cache-control": "no-cache"})
        assert {key: each["Body"] for key, each in objects.items()} == {
            "site/index.html": b"<p>home</p>",
            "site/assets/app-1.js": b"run()",
            "site/config.json": b'{"url": "http://127.0.0.1:1"}',
        }
        assert objects["site/index.html"]["ContentType"] == "text/html"
        assert {each["CacheControl"] for each in objects.values()} == {"no-cache"}

    def test_filters_what_it_puts(self, folders: dict[str, Path]) -> None:
        assert set(deployed(FakeS3(), folders, Exclude=["*"], Include=["assets/*"])) == {"site/assets/app-1.js"}
        assert "site/assets/app-1.js" not in deployed(FakeS3(), folders, Exclude=["assets/*"])

    def test_leaves_what_was_there_unless_it_prunes(self, folders: dict[str, Path]) -> None:
        """What a filter leaves out is not pruned either."""
        there = ("site/old.html", "site/assets/app-0.js")
        assert set(there) <= set(deployed(FakeS3(*there), folders))
        pruned = deployed(FakeS3(*there), folders, Exclude=["assets/*"], Prune=True)
        assert set(pruned) == {"site/index.html", "site/config.json", "site/assets/app-0.js"}

    def test_keeps_to_its_part_of_the_bucket(self, folders: dict[str, Path]) -> None:
        objects = deployed(FakeS3("site/old.html"), folders, DestinationBucketKeyPrefix="web/", Prune="true")
        assert set(objects) == {
            "site/old.html",
            "site/web/index.html",
            "site/web/assets/app-1.js",
            "site/web/config.json",
        }

    def test_says_what_is_not_there(self, folders: dict[str, Path]) -> None:
        (folders["settings.zip"] / "config.json").unlink()
        folders["settings.zip"].rmdir()
        with pytest.raises(ProvisionFailed, match=r"shop/Deployment.*settings is no folder"):
            deployed(FakeS3(), folders)


class TestChoice:
    @pytest.mark.parametrize(
        ("name", "exclude", "include", "chosen"),
        [
            ("a.js", [], [], True),
            ("a/b.js", ["a/*"], [], False),
            ("a/b/c.js", ["a/*"], [], False),
            ("a/b.js", ["*"], ["a/*"], True),
            ("b.js", ["*"], ["a/*"], False),
        ],
    )
    def test_what_is_included_counts_last(
        self, name: str, exclude: list[str], include: list[str], *, chosen: bool
    ) -> None:
        assert is_chosen(name, exclude=exclude, include=include) == chosen


class TestTypes:
    @pytest.mark.parametrize(
        ("name", "type_"),
        [
            ("index.html", "text/html"),
            ("assets/a-1.js", "text/javascript"),
            ("assets/a-1.css", "text/css"),
            ("icon.svg", "image/svg+xml"),
            ("config.json", "application/json"),
            ("manifest.webmanifest", "application/manifest+json"),
            ("LICENSE", "binary/octet-stream"),
        ],
    )
    def test_are_what_their_names_say(self, name: str, type_: str) -> None:
        assert content_type(name) == type_
