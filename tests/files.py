"""What tests of attachments share: files, as they are announced."""

import base64
import hashlib
from dataclasses import replace
from typing import Any

from natter.domain.attachments import File


def a_file(body: bytes, **changes: Any) -> File:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return replace(File(name="cat.png", content_type="image/png", size=len(body), sha256=digest), **changes)
