import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.assembly import Assembly, Attributes, Resolver, Site, api_id, distribution_name, rewriter

type Make = Callable[..., Resolver]
SITE = Site("eu-west-1", "123456789012")


def written(folder: Path, stacks: dict[str, dict[str, Any]], assets: dict[str, str]) -> Assembly:
    """An assembly on disk, read as one that the CDK wrote. `assets`: object key -> folder."""
    artifacts = {}
    for name, template in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(template))
        files = {
            key: {"source": {"path": path}, "destinations": {"here": {"objectKey": key}}}
            for key, path in assets.items()
        }
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
        }
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {}}
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return Assembly.load(folder)


@pytest.fixture
def resolver(tmp_path: Path) -> Make:
    """A resolver over stacks given by name; APIs get the ports from 7001 on."""

    def make(assets: dict[str, str] | None = None, **stacks: dict[str, Any]) -> Resolver:
        assembly = written(tmp_path, stacks, assets or {})
        apis = {api_id(api): 7001 + n for n, api in enumerate(assembly.resources("AWS::ApiGatewayV2::Api"))}
        attributes = Attributes(kafka="127.0.0.1:6001", valkey="127.0.0.1:6002", postgres="127.0.0.1:6003")
        rewrite = rewriter(
            SITE,
            cassandra="127.0.0.1:6004",
            push_service="127.0.0.1:6005",
            authority=Path("/trusted/authority.pem"),
            traces="http://127.0.0.1:6006/v1/traces",
            s3="http://127.0.0.1:6007",
            apis=apis,
            distributions={
                distribution_name(each): 8001 + n
                for n, each in enumerate(assembly.resources("AWS::CloudFront::Distribution"))
            },
        )
        return Resolver(assembly, SITE, attributes, rewrite)

    return make
