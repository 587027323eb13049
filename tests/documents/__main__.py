import json
from pathlib import Path

from tests.documents import asyncapi, levels, metrics, openapi

DOCS = Path(__file__).parents[2] / "docs"

for name, document in (("openapi", openapi.document()), ("asyncapi", asyncapi.document())):
    (DOCS / f"{name}.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
(DOCS / "metrics.md").write_text(metrics.document())
(DOCS / "slo.md").write_text(levels.document())
