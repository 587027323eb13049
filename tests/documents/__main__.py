import json
from pathlib import Path

from tests.documents import asyncapi, levels, openapi

DOCS = Path(__file__).parents[2] / "docs"

for name, document in (("openapi", openapi.document()), ("asyncapi", asyncapi.document())):
    (DOCS / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
(DOCS / "slo.md").write_text(levels.document())
