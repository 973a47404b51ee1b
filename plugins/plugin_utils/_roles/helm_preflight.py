# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Roles that use Helm: what was read on the host → whether the role can begin, and how it calls Helm. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from ansible.module_utils.compat.version import LooseVersion

# The first that can handle Helm 4.
KUBERNETES_CORE = "6.5.0"
# A Helm built from source has a version without a patch number, such as v4.3.
_VERSION = re.compile(r"v?(\d+(?:\.\d+)*)")


def helm_preflight(facts: Mapping[str, Any]) -> dict[str, Any]:
    """How Helm is called, and `problems`. `facts` is what tasks/helm.yml of role istio read on the host."""
    source = facts["chart_source"]
    is_repository = "://" in source and not source.startswith("oci://")
    match = _VERSION.match(facts["helm_version"].get("stdout") or "")
    version = match[1] if match else ""
    return {
        "helm_version": version,
        # Helm 3 applies on the client, and knows no such option.
        "server_side": bool(version) and int(version.split(".")[0]) > 3,
        "chart_prefix": "" if is_repository else f"{source}/",
        "chart_repository": source if is_repository else "",
        "charts_have_versions": "://" in source,
        "problems": [
            *_kubernetes_core_problems(facts["kubernetes_core"]),
            *_helm_problems(facts),
            *_values_file_problems(facts),
            *_chart_problems(facts),
        ],
    }


def _kubernetes_core_problems(version: str) -> list[str]:
    if LooseVersion(version or "0") >= LooseVersion(KUBERNETES_CORE):
        return []
    sentence = (
        f"gatehouse.istio needs the collection kubernetes.core {KUBERNETES_CORE} or newer, but Ansible finds "
        f'{version or "none"}; run "ansible-galaxy collection install --upgrade kubernetes.core".'
    )
    return [sentence]


def _helm_problems(facts: Mapping[str, Any]) -> list[str]:
    result = facts["helm_version"]
    if result.get("rc") == 0:
        return []
    reason = result.get("stderr") or result.get("msg") or ""
    sentence = (
        f'Helm cannot be run on {facts["host"]}: "{facts["helm_binary"]} version" failed ({reason}); '
        f"install Helm 3 or 4 there, or set {facts['role']}_helm_binary."
    )
    return [sentence]


def _values_file_problems(facts: Mapping[str, Any]) -> list[str]:
    return [
        f"The values file {path} of {variable} does not exist on the machine that runs Ansible; correct its path."
        for variable, paths in facts["values_files"].items()
        for path in dict.fromkeys(paths)
        if path in facts["missing_files"]
    ]


def _chart_problems(facts: Mapping[str, Any]) -> list[str]:
    if "://" in facts["chart_source"]:
        return []
    present = {PurePosixPath(path).parent.name for path in facts["chart_files"]}
    missing = [chart for chart in facts["charts"] if chart not in present]
    if not missing:
        return []
    variable = f"{facts['role']}_chart_source"
    sentence = (
        f"The directory {facts['chart_source']} ({variable}) on {facts['host']} lacks the "
        f"chart{'s' if len(missing) > 1 else ''} {' and '.join(missing)}; each chart must be in a directory of its own "
        "name, with its Chart.yaml."
    )
    return [sentence]
