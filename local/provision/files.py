"""
What the CDK's bucket deployments put into buckets, in LocalStack's: files of assets, filtered and marked as their
function does it (`aws s3 sync`), which itself does not run here.
"""

import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from local.assembly import Resolver, Resource

from .errors import ProvisionFailed

DEPLOYMENT = "Custom::CDKBucketDeployment"
_METADATA = {
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-language": "ContentLanguage",
    "content-type": "ContentType",
}


def provision_files(s3: Any, resolver: Resolver) -> None:
    """
    After everything that they may name. What was there before stays, but where a deployment prunes.

    Raises:
        ProvisionFailed: files of a deployment are not there.
    """
    for resource in resolver.assembly.resources(DEPLOYMENT):
        if not resolver.exists(resource):
            continue
        properties = resolver.properties(resource)
        bucket, prefix = properties["DestinationBucketName"], _prefix(properties)
        metadata = _metadata(properties.get("SystemMetadata", {}))
        kept = set()
        for name, content in _contents(resolver, resource, properties).items():
            if is_chosen(name, exclude=properties.get("Exclude", ()), include=properties.get("Include", ())):
                s3.put_object(
                    Bucket=bucket, Key=prefix + name, Body=content, **{"ContentType": content_type(name)} | metadata
                )
                kept.add(prefix + name)
        if str(properties.get("Prune", "true")).lower() == "true":
            _prune(s3, bucket, prefix, kept, properties)


def is_chosen(name: str, *, exclude: Sequence[str], include: Sequence[str]) -> bool:
    """As `aws s3 sync` is told: all that is not excluded, and what is included all the same."""
    return any(fnmatchcase(name, each) for each in include) or not any(fnmatchcase(name, each) for each in exclude)


def content_type(name: str) -> str:
    """As the AWS CLI guesses it."""
    return mimetypes.guess_type(name)[0] or "binary/octet-stream"


def _contents(resolver: Resolver, resource: Resource, properties: Mapping[str, Any]) -> dict[str, bytes]:
    """Of all sources, later ones over earlier ones, with what is known only now in the place of its marks."""
    assets = resolver.assembly.stacks[resource.stack].assets
    keys = properties["SourceObjectKeys"]
    contents: dict[str, bytes] = {}
    for key, marks in zip(keys, properties.get("SourceMarkers", [{}] * len(keys)), strict=True):
        if not assets[key].is_dir():
            raise ProvisionFailed(
                f"{resource}: {assets[key]} is no folder. Assets stay where they are here, and what `Source.data` and "
                "its kin write is gone after the synthesis; a folder of one's own with marks in its files stays"
            )
        for path in _files(assets[key]):
            contents[path.relative_to(assets[key]).as_posix()] = _marked(resolver, path.read_bytes(), marks)
    return contents


def _marked(resolver: Resolver, content: bytes, marks: Mapping[str, str]) -> bytes:
    """What stands in the place of several marks may be one address, and that another one here."""
    if not marks:
        return content
    for mark, value in marks.items():
        content = content.replace(mark.encode(), str(value).encode())
    return resolver.rewrite(content.decode()).encode()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _prefix(properties: Mapping[str, Any]) -> str:
    prefix = str(properties.get("DestinationBucketKeyPrefix", "")).strip("/")
    return f"{prefix}/" if prefix else ""


def _metadata(stated: Mapping[str, str]) -> dict[str, str]:
    return {_METADATA[name.lower()]: value for name, value in stated.items() if name.lower() in _METADATA}


def _prune(s3: Any, bucket: str, prefix: str, kept: set[str], properties: Mapping[str, Any]) -> None:
    """What a filter leaves out is not looked at, as by `sync --delete`."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for each in page.get("Contents", ()):
            name = each["Key"].removeprefix(prefix)
            chosen = is_chosen(name, exclude=properties.get("Exclude", ()), include=properties.get("Include", ()))
            if each["Key"] not in kept and chosen:
                s3.delete_object(Bucket=bucket, Key=each["Key"])
