"""A dashboard as one page of HTML, lines as SVG; without scripts, it loads itself again. No I/O."""

from collections.abc import Mapping
from html import escape

from local.model import Dashboard, Widget

from .charts import SHOWN_S, Charts
from .series import Series

RELOAD_S = 10
ROW_PX = 46
WIDTH, HEIGHT = 600, 160
"""Of a drawing, in its own units: it is as wide as its widget."""
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22")
STATES = {"OK": "#2ca02c", "ALARM": "#d62728"}
STYLE = f"""
body {{ font: 13px system-ui, sans-serif; margin: 12px; color: #222; background: #f4f4f4 }}
main {{ display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: {ROW_PX}px; gap: 6px }}
section {{ background: #fff; border-radius: 4px; padding: 4px 8px; overflow: auto; min-width: 0 }}
section.text {{ background: none; font-weight: 600; font-size: 15px }}
h2 {{ font-size: 12px; margin: 0 0 2px }}
svg {{ width: 100%; height: 60% }}
ul {{ list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 10px }}
li.number {{ font-size: 20px }}
small {{ color: #777 }}
"""


def page(dashboard: Dashboard, charts: Charts, states: Mapping[str, str], *, now: float | None = None) -> str:
    """`states` of alarms by name, as far as they are known here. `now`: seconds since 1970; None: as it is."""
    widgets = "\n".join(_widget(widget, charts, states, now) for widget in dashboard.widgets)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{RELOAD_S}">'
        f"<title>{escape(dashboard.name)}</title><style>{STYLE}</style></head><body><main>\n{widgets}\n</main>"
        f"<p><small>The last {SHOWN_S // 60} minutes, of what functions log and the platform reports here."
        "</small></p></body></html>\n"
    )


def index(charts: Charts) -> str:
    """Where the dashboards are."""
    links = "".join(f'<li><a href="/dashboards/{escape(name)}">{escape(name)}</a></li>' for name in charts.dashboards)
    return (
        f'<!doctype html><html lang="en"><head><title>Dashboards</title></head><body><ul>{links}</ul></body></html>\n'
    )


def _widget(widget: Widget, charts: Charts, states: Mapping[str, str], now: float | None) -> str:
    left, top, width, height = widget.place
    where = f"grid-area: {top + 1} / {left + 1} / span {height} / span {width}"
    match widget.kind:
        case "text":
            inside = escape(widget.text.lstrip("# "))
        case "alarm":
            inside = _title(widget) + _states(widget, states)
        case _:
            lines = charts.lines(widget, now=now)
            inside = _title(widget) + (_numbers(lines) if widget.single else _drawing(widget, lines) + _legend(lines))
    return f'<section class="{widget.kind}" style="{where}">{inside}</section>'


def _title(widget: Widget) -> str:
    return f"<h2>{escape(widget.title)}</h2>"


def _states(widget: Widget, states: Mapping[str, str]) -> str:
    items = []
    for name in widget.alarms:
        state = states.get(name, "not known here")
        dot = f'<span style="color: {STATES.get(state, "#777")}">●</span>'
        items.append(f"<li>{dot} {escape(name)} <small>{escape(state)}</small></li>")
    return f"<ul>{''.join(items)}</ul>"


def _drawing(widget: Widget, lines: Mapping[str, Series | None]) -> str:
    known = [line for line in lines.values() if line is not None]
    points = [point for line in known for point in line if point is not None]
    if not points:
        return "<p><small>nothing in this time</small></p>"
    most, least = max(points), min(0.0, *points)
    marks = "".join(
        f'<line x1="0" x2="{WIDTH}" y1="{_y(value, least, most)}" y2="{_y(value, least, most)}" stroke="#bbb"'
        f' stroke-dasharray="4"><title>{escape(words)}</title></line>'
        for value, words in widget.marks
        if least <= value <= most
    )
    drawn = "".join(
        _polylines(line, COLORS[place % len(COLORS)], least, most)
        for place, line in enumerate(lines.values())
        if line is not None
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none">{marks}{drawn}</svg>'
        f"<small>{_number(least)} to {_number(most)}</small>"
    )


def _polylines(line: Series, color: str, least: float, most: float) -> str:
    """One for each stretch without a gap."""
    stretches: list[list[str]] = [[]]
    step = WIDTH / max(1, len(line) - 1)
    for place, point in enumerate(line):
        if point is None:
            stretches.append([])
        else:
            stretches[-1].append(f"{place * step:.1f},{_y(point, least, most)}")
    return "".join(
        f'<polyline points="{" ".join(stretch if len(stretch) > 1 else stretch * 2)}" fill="none" stroke="{color}"'
        ' stroke-width="2" stroke-linecap="round" vector-effect="non-scaling-stroke"/>'
        for stretch in stretches
        if stretch
    )


def _y(value: float, least: float, most: float) -> str:
    return f"{HEIGHT * (1 - (value - least) / ((most - least) or 1)):.1f}"


def _legend(lines: Mapping[str, Series | None]) -> str:
    items = (
        f'<li><span style="color: {COLORS[place % len(COLORS)]}">■</span> {escape(label)} <b>{_last(line)}</b></li>'
        for place, (label, line) in enumerate(lines.items())
    )
    return f"<ul>{''.join(items)}</ul>"


def _numbers(lines: Mapping[str, Series | None]) -> str:
    items = (f'<li class="number">{_last(line)} <small>{escape(label)}</small></li>' for label, line in lines.items())
    return f"<ul>{''.join(items)}</ul>"


def _last(line: Series | None) -> str:
    if line is None:
        return "not drawn here"
    return "-" if line[-1] is None else _number(line[-1])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - where digits stop to matter
