# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The charts of Istio and cert-manager, taken from their Go modules and laid out like a chart repository."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Charts:
    """Charts of one release: name in the chart repository -> directory."""

    version: str
    directories: Mapping[str, Path]


def istio(module: Path, version: str) -> Charts:
    below = module / "manifests" / "charts"
    names = {"base": "base", "istiod": "istio-control/istio-discovery", "cni": "istio-cni", "gateway": "gateway"}
    return Charts(version, {name: below / directory for name, directory in names.items()})


def cert_manager(module: Path, version: str) -> Charts:
    return Charts(version, {"cert-manager": module / "deploy" / "charts" / "cert-manager"})


def directory(cache: Path) -> Path:
    return cache / "tools" / "charts"


def _stamp(cache: Path, version: str, sources: str) -> tuple[Path, str]:
    return directory(cache) / ".stamp", f"{version} {sources}"


def are_current(cache: Path, version: str, sources: str) -> bool:
    """Whether the cache holds the charts of this version."""
    file, content = _stamp(cache, version, sources)
    return file.exists() and file.read_text() == content


def copy(released: Iterable[Charts], cache: Path, version: str, sources: str) -> None:
    """Copy the charts from the modules and set their versions, as the releases do."""
    target = directory(cache)
    unfinished = target.with_name(".charts.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    for charts in released:
        for name, source in charts.directories.items():
            # copyfile does not copy modes, because everything in Go's module cache is read-only.
            shutil.copytree(source, unfinished / name, copy_function=shutil.copyfile)
            for path in (unfinished / name, *(unfinished / name).rglob("*")):
                path.chmod(0o755 if path.is_dir() else 0o644)
            chart, values = unfinished / name / "Chart.yaml", unfinished / name / "values.yaml"
            chart.write_text(with_version(chart.read_text(), charts.version))
            values.write_text(with_tag(values.read_text(), charts.version))
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
