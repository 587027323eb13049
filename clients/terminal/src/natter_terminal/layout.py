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
    if (mark := _mark(row)) is not None:
        _put(lines, " ", mark, room)
    lines += _reactions(row, room)
    lines += [((line, style),) for text, style in _complaints(row) for line in wrap(text, room)]
    yield from (((pad, ""), *line) for line in lines)


def _put(lines: list[Line], gap: str, piece: Piece, width: int) -> None:
    """Behind the last line; below it where there is no room."""
    last = lines.pop() if lines else ()
    behind = (*last, (gap, ""), piece) if last else (piece,)
    lines += [behind] if not last or _size(behind) <= width else [last, (piece,)]


def _size(line: Line) -> int:
    return sum(cell_len(text) for text, _ in line)


def _header(row: Row, width: int) -> Line:
    time = f" {row.time}"
    name = cut(row.name, width - cell_len(time))
    return ((name, "me" if row.is_mine else colour_of(row.sender_id)), (time, "time"))


def _body(row: Row, width: int) -> list[Line]:
    """What it says; a line at least."""
    if row.is_deleted:
        return [(("deleted", "deleted"),)]
    file = wrap(f"[file] {row.file}", width) if row.attachment_id is not None else []
    text = wrap(row.text, width) if row.text or not file else []
    return [*(((line, "file"),) for line in file), *(tuple(_marked(line, row)) for line in text)]


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


def _reactions(row: Row, width: int) -> list[Line]:
    lines: list[Line] = []
    for name, count, mine in row.reactions:
        piece = (cut(f"[{name} {count}]", width), "mine") if mine else (cut(f"{name} {count}", width), "reaction")
        _put(lines, "  ", piece, width)
    return lines


def _complaints(row: Row) -> Iterator[Piece]:
    if row.state in HINTS:
        yield (_complaint(HINTS[row.state], row.why), "error")
    for change in row.changes:
        if change.state in HINTS:
            yield (_complaint(f"{change.action} {HINTS[change.state]}", change.why), "error")


def _complaint(what: str, why: str) -> str:
    return f"{what}: {why} (R again, D away)" if why else f"{what} (R again, D away)"
