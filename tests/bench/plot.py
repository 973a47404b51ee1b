# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plot: seconds over count on logarithmic axes, with a panel for each work and a line for each peer. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.rows import WORKS, Row

# Colours for all kinds of colour vision (Okabe and Ito); ours stands out.
_COLOURS = {
    "istio_exposures": "#d55e00",
    "istio_exposures_vars": "#e69f00",
    "kubectl_ssa": "#0072b2",
    "helm": "#009e73",
    "k8s_list": "#cc79a7",
    "k8s_loop": "#666666",
}
_TITLES = {"first": "First run", "nothing": "Nothing to do", "one": "One of all changed", "remove": "All removed"}
_WIDTH, _HEIGHT = 920, 700
_PANEL_WIDTH, _PANEL_HEIGHT = 380, 240
_LEFT, _TOP = 60, 100
_GAP_X, _GAP_Y = 70, 80
_STYLE = """\
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #444 }
.title { font-size: 19px; font-weight: 600; fill: #111 }
.panel { font-size: 14px; font-weight: 600; fill: #111 }
.x { text-anchor: middle } .y { text-anchor: end }
.grid { stroke: #e4e4e4 } .axis { stroke: #999 }
path { fill: none; stroke-linejoin: round; stroke-linecap: round }
"""


@dataclass(frozen=True)
class Scale:
    """Position of a value on an axis from pixel `start` to pixel `end`."""

    least: float
    most: float
    start: float
    end: float

    def at(self, value: float) -> float:
        part = math.log10(value / self.least) / math.log10(self.most / self.least)
        return round(self.start + part * (self.end - self.start), 1)


def svg(rows: Iterable[Row]) -> str:
    """The plot as SVG, of all rows with figures whose peer and work it shows."""
    shown = [row for row in rows if row.peer in _COLOURS and row.work in WORKS and row.count and row.seconds_median]
    peers = [peer for peer in _COLOURS if any(row.peer == peer for row in shown)]
    counts = sorted({row.count for row in shown}) or [1]
    decades = _decades([row.seconds_median for row in shown if row.seconds_median])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">',
        f"<style>\n{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="{_LEFT}" y="34">Seconds by number of exposures (less is better)</text>',
        *_legend(peers),
    ]
    for number, work in enumerate(WORKS):
        left = _LEFT + (number % 2) * (_PANEL_WIDTH + _GAP_X)
        top = _TOP + (number // 2) * (_PANEL_HEIGHT + _GAP_Y)
        # Some margin beside the first and the last count.
        x = Scale(counts[0] / 1.6, counts[-1] * 1.6, left, left + _PANEL_WIDTH)
        y = Scale(decades[0], decades[-1], top + _PANEL_HEIGHT, top)
        parts += _axes(_TITLES[work], x, y, counts, decades)
        # Ours last, on top of the others.
        for peer in reversed(peers):
            parts += _line(peer, [row for row in shown if (row.peer, row.work) == (peer, work)], x, y)
    return "\n".join([*parts, "</svg>", ""])


def _decades(seconds: Sequence[float]) -> list[float]:
    """The powers of ten that enclose all values."""
    lowest = math.floor(math.log10(min(seconds, default=1)))
    highest = max(math.ceil(math.log10(max(seconds, default=10))), lowest + 1)
    return [10.0**power for power in range(lowest, highest + 1)]


def _legend(peers: Iterable[str]) -> list[str]:
    parts, x = [], _LEFT
    for peer in peers:
        parts.append(f'<circle cx="{x + 5}" cy="58" r="5" fill="{_COLOURS[peer]}"/>')
        parts.append(f'<text x="{x + 16}" y="62.5">{escape(peer)}</text>')
        x += 36 + 7 * len(peer)
    return parts


def _axes(title: str, x: Scale, y: Scale, counts: Iterable[int], decades: Iterable[float]) -> list[str]:
    parts = [f'<text class="panel" x="{x.start}" y="{y.end - 10}">{escape(title)}</text>']
    for value in decades:
        height = y.at(value)
        parts.append(f'<line class="grid" x1="{x.start}" x2="{x.end}" y1="{height}" y2="{height}"/>')
        parts.append(f'<text class="y" x="{x.start - 8}" y="{height + 4.5}">{value:,g} s</text>')
    for count in counts:
        where = x.at(count)
        parts.append(f'<line class="axis" x1="{where}" x2="{where}" y1="{y.start}" y2="{y.start + 5}"/>')
        parts.append(f'<text class="x" x="{where}" y="{y.start + 20}">{count:,}</text>')
    return [*parts, f'<line class="axis" x1="{x.start}" x2="{x.end}" y1="{y.start}" y2="{y.start}"/>']


def _line(peer: str, rows: Iterable[Row], x: Scale, y: Scale) -> list[str]:
    points = [(x.at(row.count), y.at(row.seconds_median or 0)) for row in sorted(rows, key=lambda row: row.count)]
    colour, width = _COLOURS[peer], 3 if peer == "istio_exposures" else 2
    path = " ".join(f"{'L' if number else 'M'}{px} {py}" for number, (px, py) in enumerate(points))
    line = [f'<path d="{path}" stroke="{colour}" stroke-width="{width}"/>'] if len(points) > 1 else []
    return [*line, *(f'<circle cx="{px}" cy="{py}" r="{width + 1.5}" fill="{colour}"/>' for px, py in points)]
