"""Pieces of a line as Textual draws them."""

from collections.abc import Iterable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from natter_terminal.layout import Piece


def strip_of(widget: Widget, pieces: Iterable[Piece], width: int, base: Style) -> Strip:
    """
    Exactly `width` cells. The name of a piece's style is that of a component class of `widget` behind its own,
    `base` what lies under all.
    """
    prefix = type(widget).__name__.lower()
    segments = [
        Segment(text, base + widget.get_component_rich_style(f"{prefix}--{name}", partial=True) if name else base)
        for text, name in pieces
    ]
    return Strip(segments).adjust_cell_length(width, base)
