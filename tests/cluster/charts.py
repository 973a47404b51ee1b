# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Istio's charts, taken from Istio's Go module and laid out like the release's chart repository."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

# Name in the chart repository -> directory below the module's manifests/charts.
CHARTS = {"base": "base", "istiod": "istio-control/istio-discovery", "cni": "istio-cni", "gateway": "gateway"}


def directory(cache: Path) -> Path:
    return cache / "tools" / "charts"


def _stamp(cache: Path, version: str, sources: str) -> tuple[Path, str]:
    return directory(cache) / ".stamp", f"{version} {sources}"


def are_current(cache: Path, version: str, sources: str) -> bool:
    """Whether the cache holds the charts of this version."""
    file, content = _stamp(cache, version, sources)
    return file.exists() and file.read_text() == content


def copy(istio: Path, cache: Path, version: str, sources: str) -> None:
    """Copy the charts out of Istio's module and stamp the version, as Istio's release does."""
    target = directory(cache)
    unfinished = target.with_name(".charts.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for name, source in CHARTS.items():
        # copyfile leaves the modes behind: everything in Go's module cache is read-only.
        shutil.copytree(istio / "manifests" / "charts" / source, unfinished / name, copy_function=shutil.copyfile)
    for path in (unfinished, *unfinished.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    for name in CHARTS:
        chart = unfinished / name / "Chart.yaml"
        chart.write_text(with_version(chart.read_text(), version))
        values = unfinished / name / "values.yaml"
        values.write_text(with_tag(values.read_text(), version))
    file, content = _stamp(cache, version, sources)
    (unfinished / file.name).write_text(content)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.replace(target)


def with_version(chart: str, version: str) -> str:
    """Chart.yaml with the version in place of the placeholder."""
    return re.sub(r"^(version|appVersion): .*$", rf"\1: {version}", chart, flags=re.MULTILINE)


def with_tag(values: str, version: str) -> str:
    """values.yaml with the release's image tag in place of the development build's."""
    return re.sub(r"^(\s+tag): latest$", rf"\1: {version}", values, flags=re.MULTILINE)
