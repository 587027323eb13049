"""A row as lines of so many cells, each in pieces of one style: pure."""

from collections.abc import Iterator
from hashlib import blake2b

from rich.cells import cell_len

from natter_terminal.rows import Row
from natter_terminal.safe import cut, wrap

type Piece = tuple[str, str]
"""Text, and the name of its style."""
type Line = tuple[Piece, ...]

INDENT = 2
COLOURS = 6
"""In which names are."""
STATES = {"queued": "…", "acked": "·", "placed": "✓", "delivered": "✓✓", "read": "read", "refused": "✗", "failed": "✗"}
"""Without a colour they are to be told apart, too."""
HINTS = {"refused": "not sent", "failed": "too old to be sent"}


def colour_of(user_id: str) -> str:
    return f"name{blake2b(user_id.encode(), digest_size=1).digest()[0] % COLOURS}"


def lay_out(row: Row, width: int) -> tuple[Line, ...]:
    match row.kind:
        case "edge" | "note":
            return tuple(((line.center(width).rstrip(), row.kind),) for line in wrap(row.text, width - 2))
        case "day" | "new":
            label = f" {cut(row.text, width - 8)} "
            rest = width - cell_len(label)
            return ((("─" * (rest // 2) + label + "─" * (rest - rest // 2), row.kind),),)
    return tuple(_message(row, width))


def _message(row: Row, width: int) -> Iterator[Line]:
    if row.has_header:
        yield _header(row, width)
    pad = " " * INDENT
    room = width - INDENT
    if row.quote is not None:
        who, what = row.quote
        yield ((pad, ""), (cut(f"┃ {who}: {what}" if who else f"┃ {what}", room), "quote"))
    lines = _body(row, room)
    mark = _mark(row)
    if mark is not None and (len(lines) == 0 or _size(lines[-1]) + 1 + cell_len(mark[0]) > room):
        lines.append(())
    for number, line in enumerate(lines):
        is_last = mark is not None and number == len(lines) - 1
        yield (
            (pad, ""),
            *line,
            *(((" ", ""), mark) if is_last and mark is not None and line else ()),
            *((mark,) if is_last and mark is not None and not line else ()),
        )
    if row.reactions:
        yield from ((((pad, "")), *line) for line in _reactions(row, room))
    for text, style in _complaints(row):
        yield from (((pad, ""), (line, style)) for line in wrap(text, room))


def _size(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def _header(row: Row, width: int) -> Line:
    time = f" {row.time}"
    name = cut(row.name, width - cell_len(time))
    return ((name, "me" if row.is_mine else colour_of(row.sender_id)), (time, "time"))


def _body(row: Row, width: int) -> list[Line]:
    if row.is_deleted:
        return [(("deleted", "deleted"),)]
    lines: list[Line] = []
    if row.attachment_id is not None:
        lines += [((line, "file"),) for line in wrap(f"[file] {row.file}", width)]
    if row.text or not lines:
        lines += [tuple(_marked(line, row)) for line in wrap(row.text, width)]
    return lines


def _marked(line: str, row: Row) -> Iterator[Piece]:
    """With whom it mentions in another style."""
    rest = line
    while rest:
        places = [(at, -len(name), name) for name in row.mentioned if (at := rest.find(f"@{name}")) >= 0]
        if not places:
            break
        at, _, name = min(places)
        end = at + 1 + len(name)
        yield from ((piece, style) for piece, style in ((rest[:at], "text"), (rest[at:end], "mention")) if piece)
        rest = rest[end:]
    if rest:
        yield (rest, "text")


def _mark(row: Row) -> Piece | None:
    words = ["edited"] if row.is_edited and not row.is_deleted else []
    state = STATES.get(row.state, row.state)
    if row.readers > 1:
        state = f"{state} {row.readers}"
    if any(change.state in {"queued", "acked"} for change in row.changes):
        state = STATES["queued"]
    words += [state] if state else []
    return (" ".join(words), "error" if row.state in HINTS else "state") if words else None


def _reactions(row: Row, width: int) -> Iterator[Line]:
    line: list[Piece] = []
    used = 0
    for name, count, mine in row.reactions:
        piece = cut(f"{name} {count}" if not mine else f"[{name} {count}]", width)
        if used and used + 2 + cell_len(piece) > width:
            yield tuple(line)
            line, used = [], 0
        line += (
            [("  ", ""), (piece, "mine" if mine else "reaction")] if used else [(piece, "mine" if mine else "reaction")]
        )
        used += (2 if used else 0) + cell_len(piece)
    yield tuple(line)


def _complaints(row: Row) -> Iterator[Piece]:
    if row.state in HINTS:
        yield (_complaint(HINTS[row.state], row.why), "error")
    for change in row.changes:
        if change.state in HINTS:
            yield (_complaint(f"{change.action} {HINTS[change.state]}", change.why), "error")


def _complaint(what: str, why: str) -> str:
    return f"{what}: {why} (R again, D away)" if why else f"{what} (R again, D away)"
