# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables, the document's figures, the plot."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench import plot, report
from bench.goals import Goal
from bench.rows import Row

ROWS = [
    Row("kubectl_ssa", "first", 20, 1.0, 1.5, 5, 42, 80_000_000),
    Row("kubectl_ssa", "nothing", 20, 1.0, 1.25, 5, 41, 90_000_000),
    Row("kubectl_ssa", "first", 500, 9.0, 12.34, 3, 1002, 80_000_000),
    Row("helm", "first", 500, error="Error: too large"),
    Row("ansible_nothing", "start", 0, 1.0, 1.1, 5, 0, 90_000_000),
    Row("checks", "nothing", 10000, 1.0, 1.2),
]


def test_a_table_for_each_count() -> None:
    header = report.tables(ROWS)[20][0]
    assert header == (
        "peer",
        "first run",
        "nothing to do",
        "one changed",
        "all removed",
        "requests",
        "memory",
        "repetitions",
    )
    assert report.tables(ROWS) == {
        20: [header, ("kubectl_ssa", "1.50 s", "1.25 s", "-", "-", "42 / 41", "90 MB", "5")],
        500: [
            header,
            ("kubectl_ssa", "12.3 s", "-", "-", "-", "1,002", "80 MB", "3"),
            ("helm", "failed", "-", "-", "-", "-", "-", "-"),
        ],
    }


def test_what_else_was_measured() -> None:
    assert report.others(ROWS)[1:] == [
        ("ansible_nothing: start", "-", "1.10 s"),
        ("checks: nothing", "10,000", "1.20 s"),
    ]


def test_the_terminal_shows_all() -> None:
    text = report.terminal(ROWS, [Goal("Speed", "2 s", 2, 1.5, "1.50 s")])
    assert "500 exposures\npeer         first run" in text
    assert "Speed  ≤ 2 s    1.50 s    met" in text
    assert text.endswith("helm, 500 exposures, first: Error: too large")


def test_a_table_in_markdown() -> None:
    assert report.as_markdown([("a", ""), ("b", "c")]) == "| a |   |\n| --- | --- |\n| b | c |"


def test_only_the_figures_of_the_document_change() -> None:
    document = f"# Title\n\n{report.BEGIN}\nold\n{report.END}\n\nWhat it means.\n"
    once = report.with_figures(document, "new")
    assert once == f"# Title\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\nWhat it means.\n"
    assert report.with_figures(once, "new") == once
    with pytest.raises(report.ReportError, match="put the lines"):
        report.with_figures("# Title\n", "new")


def test_the_figures_tell_what_failed() -> None:
    new = report.figures(ROWS, [], "On a machine.")
    assert "### What failed\n\n- helm, 500 exposures, first: Error: too large" in new
    assert "### 20 exposures\n\n| peer |" in new
    assert "On a machine." in new


def test_the_plot_has_a_point_for_each_row_with_figures() -> None:
    root = ElementTree.fromstring(plot.svg(ROWS))  # noqa: S314  (it is our own)
    space = "{http://www.w3.org/2000/svg}"
    legend = 1
    assert len(root.findall(f"{space}circle")) == legend + 3
    # Two counts of one work are joined by a line.
    assert len(root.findall(f"{space}path")) == 1
    texts = [text.text for text in root.findall(f"{space}text")]
    assert texts[:3] == ["Seconds by number of exposures (less is better)", "kubectl_ssa", "First run"]
    assert {"20", "500", "1 s", "10 s", "100 s"} <= set(texts)


def test_a_scale_is_one_of_powers_of_ten() -> None:
    scale = plot.Scale(1, 100, 0, 200)
    assert [scale.at(value) for value in (1, 10, 100)] == [0, 100, 200]


def test_a_plot_of_nothing_is_empty_but_whole() -> None:
    assert ElementTree.fromstring(plot.svg([])).tag.endswith("svg")  # noqa: S314  (it is our own)
