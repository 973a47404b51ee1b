# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: see `python tests/bench --help`."""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

from bench import bed, plot, report, rows
from bench.goals import goals
from bench.peers import PEERS, STARTING, Site
from bench.rows import Row
from bench.run import Runner, repetitions_of
from cluster import tools
from cluster.errors import ClusterError
from cluster.layout import REPOSITORY, cache_directory, private_directory

_DOCS = REPOSITORY / "docs"
_CHECKS = Path(__file__).with_name("checks.py")


def main() -> int:
    arguments = _parser().parse_args()
    directory = private_directory(cache_directory() / "bench")
    results = directory / "results.json"
    try:
        if not arguments.only_report:
            _run(arguments, directory, results)
        measured = rows.read(results)
        print(f"\n{report.terminal(measured, goals(measured))}\n\nAll rows: {results}")
        if arguments.docs:
            _write_docs(measured)
    except (ClusterError, report.ReportError) as error:
        print(error, file=sys.stderr)
        return 1
    except FileNotFoundError as error:
        print(f"There is no {error.filename}: run the benchmark first.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"Interrupted; {results} has the repetitions that ended.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(
        prog="python tests/bench", description="Exposes many applications with istio_exposures and with other tools."
    )
    parser.add_argument("--counts", type=_positive, nargs="+", default=[20, 500], help="exposures (%(default)s)")
    parser.add_argument("--peers", nargs="+", choices=names, default=names, metavar="PEER", help="of %(default)s")
    parser.add_argument("--repetitions", type=_positive, help="for all counts (default: 5 for 20, 3 for 500, else 2)")
    parser.add_argument("--add", action="store_true", help="keep the rows that an earlier run has of other counts")
    parser.add_argument("--docs", action="store_true", help="write the figures and the plot into docs/")
    parser.add_argument("--only-report", action="store_true", help="measure nothing: report the run before")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _run(arguments: argparse.Namespace, directory: Path, results: Path) -> None:
    kept = _kept(results, arguments.counts) if arguments.add else []
    programs = tools.prepare(cache_directory(), _say)
    site = Site(
        private_directory(directory / "work"), programs.kubectl, programs.helm, cache_directory() / "collections"
    )
    peers = [peer for peer in PEERS if peer.name in arguments.peers]
    done = [*kept, *_checks(directory)]
    with bed.started(directory / "cluster", _say) as running:
        runner = Runner(running, site, _say)
        runner.warm_up([*STARTING, *peers])
        done += runner.starting(arguments.repetitions or repetitions_of(0))
        rows.write(results, done)
        for count in arguments.counts:
            so_far: list[Row] = []
            for so_far in runner.rows(peers, count, arguments.repetitions or repetitions_of(count)):
                rows.write(results, [*done, *so_far])
            done += so_far


def _kept(results: Path, counts: list[int]) -> list[Row]:
    """Rows to keep. All rows of a count are of one run, for comparison. Each run measures the checks."""
    return [row for row in rows.read(results) if row.is_a_peers and row.count not in counts]


def _checks(directory: Path) -> list[Row]:
    """The rows of the checks alone, without a cluster."""
    _say("The checks alone ...")
    output = directory / "checks.json"
    environment = os.environ | {"PYTHONPATH": f"{REPOSITORY / 'tests'}{os.pathsep}{cache_directory() / 'collections'}"}
    subprocess.run([sys.executable, str(_CHECKS), "--json", str(output)], env=environment, check=True)
    return rows.read(output)


def _write_docs(measured: list[Row]) -> None:
    document = _DOCS / "benchmark.md"
    new = report.figures(measured, goals(measured), _environment())
    document.write_text(report.with_figures(document.read_text(encoding="utf-8"), new), encoding="utf-8")
    (_DOCS / "benchmark.svg").write_text(plot.svg(measured), encoding="utf-8")
    print(f"Written: {document} and benchmark.svg beside it.")


def _environment() -> str:
    """The versions that were measured, the host, and the date."""
    located = tools.located(cache_directory())
    helm = subprocess.run([located.helm, "version", "--short"], capture_output=True, text=True, check=True).stdout
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("ansible", "ansible-core", "kubernetes")
    )
    return (
        f"Measured on {datetime.datetime.now(datetime.UTC).date()}, on {os.cpu_count()} cores and {memory:.0f} GiB of "
        f"memory, which the peers, the API server and istiod share: Kubernetes and kubectl "
        f"{tools.pinned('k8s.io/kubernetes')}, Istio {tools.ISTIO_VERSION}, Helm {helm.strip().removeprefix('v')}, "
        f"Python's {packages}."
    )


def _say(text: str) -> None:
    print(text, flush=True)
