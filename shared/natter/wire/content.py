"""What a message says."""

from typing import Annotated, Literal

from pydantic import Field

from natter.wire.base import Text, WireId, WireModel

Base64 = Annotated[
    str, Field(pattern=r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$", min_length=1)
]


class TextContent(WireModel):
    type: Literal["text"]
    text: Text


class AttachmentContent(WireModel):
    type: Literal["attachment"]
    attachment_id: WireId
    text: Text | None = None


class SealedContent(WireModel):
    """Encrypted by the clients; opaque here."""

    type: Literal["sealed"]
    scheme: Annotated[str, Field(min_length=1, max_length=64)]
    ciphertext: Base64
    header: Base64 | None = None


Content = Annotated[TextContent | AttachmentContent | SealedContent, Field(discriminator="type")]
