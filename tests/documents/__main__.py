import json
from pathlib import Path

from tests.documents import asyncapi, capacity, levels, metrics, openapi, python, typescript

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = {"openapi": openapi.document(), "asyncapi": asyncapi.document()}

for name, document in DOCUMENTS.items():
    (DOCS / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
(DOCS / "metrics.md").write_text(metrics.document())
(DOCS / "slo.md").write_text(levels.document())
(DOCS / "capacity.md").write_text(capacity.document())
(ROOT / "clients/web/sdk/src/protocol.ts").write_text(typescript.source(**DOCUMENTS))
(ROOT / "clients/python/API.md").write_text(python.document())
