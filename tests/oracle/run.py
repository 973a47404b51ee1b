# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs many scenarios, and shows each unknown disagreement as a small input with both views."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from oracle.compare import Comparison, Disagreement, compare
from oracle.files import files_in, scenario_of
from oracle.gaps import GAPS, Gap, gap_of
from oracle.generate import scenario
from oracle.ours import said_about, said_before_writing
from oracle.program import Oracle, OracleError, Scenario
from oracle.shrink import shrunk
from oracle.truth import truth_of
from oracle.world import always

_EACH = 1  # of the same kind, as many are shown


@dataclass
class Results:
    """Of a run: what was counted, what was found, and which gaps were met."""

    scenarios: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    found: dict[tuple[str, str], list[tuple[int, Disagreement]]] = field(default_factory=dict)
    gaps: Counter[Gap] = field(default_factory=Counter)

    def add(self, number: int, given: Scenario, comparison: Comparison) -> Iterator[Disagreement]:
        """Counts a scenario. Returns the disagreements of kinds that were not met before and are not known."""
        for entry in comparison.disagreements:
            gap = gap_of(entry, given)
            if gap:
                self.gaps[gap] += 1
            else:
                known = self.found.setdefault((entry.kind, entry.about), [])
                known.append((number, entry))
                if len(known) <= _EACH:
                    yield entry
        self.counts += comparison.counts
        self.scenarios += 1

    def summary(self) -> list[str]:
        counts = self.counts
        broken, findings = counts["broken"], counts["findings"]
        what = f"{self.scenarios} scenarios, {counts['exposures']} exposures and VirtualServices"
        lines = [
            f"{what}: {counts['served and silent']} served and silent, {counts['broken and told']} broken and told",
            f"recall: {_share(broken - counts['missed'], broken)} kinds of breakage told",
            f"precision: {_share(findings - counts['false alarms'], findings)} findings right",
        ]
        lines += [f"known gap, {self.gaps[gap]} times: {gap.kind}: {gap.name} ({gap.reason})" for gap in GAPS]
        for (kind, about), entries in sorted(self.found.items(), key=lambda item: -len(item[1])):
            lines.append(f"NOT KNOWN, {len(entries)} times: {kind}: {about}")
        return lines


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "nothing to judge"


def run(
    oracle: Oracle, seed: int, numbers: Sequence[int], say: Callable[[str], None] = print, jobs: int = 1
) -> Results:
    """Compares the scenarios of these numbers. What is not known is said at once, of each kind the first."""
    results = Results()
    for number, comparison in zip(numbers, _comparisons(oracle, seed, numbers, jobs), strict=True):
        given = scenario(seed, number)
        if isinstance(comparison, str):
            say(f"scenario {number}: the oracle fails: {comparison}\n{as_text(given)}")
            results.counts["failures"] += 1
            continue
        for entry in results.add(number, given, comparison):
            say(explained(given, entry, oracle, f"SEED={seed} NUMBER={number}"))
    return results


def run_files(oracle: Oracle, path: Path, say: Callable[[str], None] = print) -> Results:
    """Compares the objects of files, each a cluster. All that is not known is said, with what both sides say."""
    results = Results()
    for number, file in enumerate(files_in(path)):
        given = scenario_of(file)
        try:
            comparison = compare(given, oracle)
        except OracleError as error:
            say(f"{file}: the oracle fails: {error}")
            results.counts["failures"] += 1
            continue
        list(results.add(number, given, comparison))
        for entry in comparison.disagreements:
            if gap_of(entry, given) is None:
                say(f"{file}: {entry}")
    return results


def _comparisons(oracle: Oracle, seed: int, numbers: Sequence[int], jobs: int) -> Iterator[Comparison | str]:
    """In order; text says why the oracle failed."""
    if jobs == 1:
        yield from (_compared(oracle, seed, number) for number in numbers)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, context, initializer=_start, initargs=(oracle.program,)) as pool:
        yield from pool.map(_compared_by_worker, repeat(seed), numbers, chunksize=10)


def _compared(oracle: Oracle, seed: int, number: int) -> Comparison | str:
    try:
        return compare(scenario(seed, number), oracle)
    except OracleError as error:
        return str(error)


_oracles: list[Oracle] = []  # of a worker: one


def _start(program: Path) -> None:
    _oracles.append(Oracle(program))


def _compared_by_worker(seed: int, number: int) -> Comparison | str:
    return _compared(_oracles[0], seed, number)


def explained(given: Scenario, disagreement: Disagreement, oracle: Oracle, where: str) -> str:
    """The disagreement as a small input, and what both sides say about it."""

    usual = _fingerprint(given, oracle)

    def still(smaller: Scenario) -> bool:
        try:
            found = _fingerprint(smaller, oracle)
        except Exception:  # noqa: BLE001  (nobody could have written it)
            return False
        return (disagreement.kind, disagreement.about) in found and found <= usual

    small = shrunk(given, still)
    lines = [f"--- {disagreement.kind}: {disagreement.about} ({where})", as_text(small)]
    lines += [str(entry) for entry in compare(small, oracle).disagreements]
    lines += [f"istiod: {entry}" for entry in truth_of(small, oracle.ask(small)).broken]
    for said in said_about(small):
        lines += [f"ours: {said.name}: {message} [{code}]" for code, _objects, message in said.findings]
        lines.append(f"ours: {said.name}: URLs: {', '.join(said.urls) or 'none'}")
    before = said_before_writing(small)
    for code, _objects, message in before.findings if before else ():
        lines.append(f"ours, before it is written: {small.writing}: {message} [{code}]")
    return "\n".join(lines)


def _fingerprint(given: Scenario, oracle: Oracle) -> set[tuple[str, str]]:
    """What a smaller scenario may show: all disagreements and findings."""
    found = {(entry.kind, entry.about) for entry in compare(given, oracle).disagreements}
    return found | {("finding", code) for said in said_about(given) for code in said.codes}


def as_text(given: Scenario) -> str:
    """Its objects as YAML, but for those that are in every scenario and unchanged."""
    usual = always()
    lines = [yaml.safe_dump(_short(entry), sort_keys=False) for entry in given.objects if entry not in usual]
    kept = sorted(f"{entry['kind']} {entry['metadata']['name']}" for entry in given.objects if entry in usual)
    settings = f"# mesh: {given.mesh}, scoped to namespaces: {given.scoped}; besides: {', '.join(kept) or 'nothing'}\n"
    return "---\n".join([settings, *lines])


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "apiVersion"}
