import json
from pathlib import Path

from tests.documents import asyncapi, openapi, typescript

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = {"openapi": openapi.document(), "asyncapi": asyncapi.document()}

for name, document in DOCUMENTS.items():
    (DOCS / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
(ROOT / "clients/web/sdk/src/protocol.ts").write_text(typescript.source(**DOCUMENTS))
