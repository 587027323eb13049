"""
What a line of text, such as a name or a title, does to the place where it is shown.

By the Unicode Standard: general categories (UAX 44, 5.7.1), default ignorable code points (UAX 44, 5.7.3) and
directional formatting characters (UAX 9, 2).
"""

import re
import unicodedata

_BREAKS = {"Cc", "Zl", "Zp"}
_NOTHING = {*_BREAKS, "Cf", "Cs", "Zs"}
"""Controls, format characters, halves of pairs and spaces."""
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)
"""Default ignorable, and the Braille pattern of no dots: not to be seen, whatever the category."""
_CLOSES = {
    **dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"),  # embeddings and overrides
    **dict.fromkeys("\u2066\u2067\u2068", "\u2069"),  # isolates
}
_CONTROLS = {*_CLOSES, *_CLOSES.values()}


def breaks(text: str) -> bool:
    """Whether it holds a control character, or what ends a line or a paragraph."""
    return any(unicodedata.category(character) in _BREAKS for character in text)


def shows_nothing(text: str) -> bool:
    """Whether there is nothing in it to be seen: only spaces and format characters, or nothing at all."""
    return all(unicodedata.category(character) in _NOTHING or _BLANK.match(character) for character in text)


def turns_what_follows(text: str) -> bool:
    """Whether it begins an embedding, override or isolate that it does not end, or ends one that it did not begin."""
    awaited: list[str] = []
    for character in text:
        if character in _CLOSES:
            awaited.append(_CLOSES[character])
        elif character in _CONTROLS and (not awaited or awaited.pop() != character):
            return True
    return bool(awaited)


def line_like(text: str, most: int) -> str | None:
    """The line nearest to `text` that does none of this, of `most` characters; None if there is nothing to be seen."""
    line = "".join(each for each in text if unicodedata.category(each) not in {*_BREAKS, "Cs"}).strip()[:most]
    if turns_what_follows(line):
        line = "".join(each for each in line if each not in _CONTROLS)
    return None if shows_nothing(line) else line
