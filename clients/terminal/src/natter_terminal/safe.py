"""
What others wrote, as a terminal may be given it: it draws, and does nothing else.

Control characters are shown, not carried out. What terminals do not agree upon how wide it is becomes what they do
agree upon, since one cell too many breaks every line on its right: joined emoji come one by one, skin tones go,
flags are letters. Of what `safe` returns, the width is the sum of its characters' widths.
"""

import re
import unicodedata
from collections.abc import Iterator

from rich.cells import cell_len

_PLAIN = re.compile(r"[\x20-\x7e\n]*")
_UNSEEN = frozenset("\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff")
"""They show nothing, and neither break a line nor turn it round for longer than a word."""
_PICTURES = 0x2400
"""Where Unicode has pictures of control characters, in their order."""
_DELETE, _DELETE_PICTURE = 0x7F, "␡"
_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x180E))
_TAGS = range(0xE0000, 0xE0080)
_BREAKS = frozenset("\n\u2028\u2029")
_TAB = "    "
_NAMELESS = frozenset({"Cs", "Co", "Cn", "Cf"})
_MARKS = frozenset({"Mn", "Me"})
MOST_MARKS = 4
"""On one letter: more of them reach into other lines."""
ELLIPSIS = "…"
_ATOM = re.compile(r"[ ]+|[^ ]+")


def safe(text: str) -> str:
    """In lines, each of which may be drawn as it is."""
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_shown(text))


def safe_line(text: str) -> str:
    """In one line."""
    return " ".join(safe(text).split())


def _shown(text: str) -> Iterator[str]:
    before = ""
    marks = 0
    flag = ""
    for character in text:
        code = ord(character)
        if code in _FLAG_LETTERS:
            flag += chr(code - _FLAG_LETTERS.start + ord("A"))
            continue
        if flag:
            yield f"[{flag}]"
            before, flag = "]", ""
        shown = _drawn(character, before)
        is_mark = shown != "" and unicodedata.category(shown[0]) in _MARKS
        marks = marks + 1 if is_mark else marks if shown == "" else 0
        if is_mark and (marks > MOST_MARKS or before in {"", "\n"}):
            continue
        yield shown
        before = shown or before
    if flag:
        yield f"[{flag}]"


def _drawn(character: str, before: str) -> str:  # noqa: PLR0911 - a kind of character each
    """One character, after what is drawn before it."""
    code = ord(character)
    if character in _BREAKS:
        return "\n"
    if character == "\t":
        return _TAB
    if character in _UNSEEN or code in _TAGS or any(code in each for each in _SELECTORS):
        return ""
    if code in _TONES and before and cell_len(before) == 2:  # noqa: PLR2004 - an emoji
        return ""
    category = unicodedata.category(character)
    if category == "Cc":
        if code == _DELETE:
            return _DELETE_PICTURE
        return chr(_PICTURES + code) if code < ord(" ") else f"<U+{code:04X}>"
    if category in _NAMELESS:
        return f"<U+{code:04X}>"
    return " " if category == "Zs" else character


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells (at least 2) of a text that is `safe`; at spaces, or between wide characters."""
    return [line for paragraph in text.split("\n") for line in _wrapped(paragraph, max(width, 2))]


def _wrapped(paragraph: str, width: int) -> list[str]:
    if len(paragraph) <= width and cell_len(paragraph) <= width:
        return [paragraph]
    lines, line, used = list[str](), "", 0
    for atom, size in _atoms(paragraph, width):
        if used + size > width:
            lines.append(line.rstrip(" "))
            line, used = "", 0
            if atom.isspace():
                continue
        line, used = line + atom, used + size
    return [*lines, line] if line or not lines else lines


def _atoms(paragraph: str, width: int) -> Iterator[tuple[str, int]]:
    """Pieces that are not broken, with their widths: none wider than `width`."""
    for found in _ATOM.finditer(paragraph):
        piece, size = "", 0
        for character in found.group():
            cells = cell_len(character)
            if piece and cells and (size + cells > width or cells > 1 or cell_len(piece[-1]) > 1):
                yield piece, size
                piece, size = "", 0
            piece, size = piece + character, size + cells
        yield piece, size


def cut(text: str, width: int) -> str:
    """A line that is `safe`, in at most `width` cells, with an ellipsis where it ends too early."""
    if cell_len(text) <= width:
        return text
    kept, used = "", 0
    for character in text:
        cells = cell_len(character)
        if used + cells > width - 1:
            break
        kept, used = kept + character, used + cells
    return kept.rstrip(" ") + ELLIPSIS if width > 0 else ""


def fill(text: str, width: int) -> str:
    """Cut, or with spaces behind it, to exactly `width` cells."""
    kept = cut(text, width)
    return kept + " " * (width - cell_len(kept))
