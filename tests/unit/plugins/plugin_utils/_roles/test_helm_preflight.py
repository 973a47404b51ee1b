# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles that use Helm: what was read on the host -> how Helm is called, and what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.helm_preflight import helm_preflight

REPOSITORY = "https://charts.example.com"
OCI = "oci://registry.example.com/charts"


def preflight(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "host": "localhost",
        "role": "istio",
        "kubernetes_core": "6.5.0",
        "helm_binary": "helm",
        "helm_version": {"rc": 0, "stdout": "v4.3.1+gabc"},
        "chart_source": REPOSITORY,
        "charts": ["base", "istiod"],
        "chart_files": [],
        "values_files": {"istio_base_values_files": []},
        "missing_files": [],
    }
    return helm_preflight({**facts, **changes})


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (REPOSITORY, {"chart_prefix": "", "chart_repository": REPOSITORY, "charts_have_versions": True}),
        (OCI, {"chart_prefix": f"{OCI}/", "chart_repository": "", "charts_have_versions": True}),
        ("/charts", {"chart_prefix": "/charts/", "chart_repository": "", "charts_have_versions": False}),
    ],
)
def test_where_charts_come_from(source: str, expected: dict[str, Any]) -> None:
    files = ["/charts/base/Chart.yaml", "/charts/istiod/Chart.yaml"]
    result = preflight(chart_source=source, chart_files=files)
    assert {name: result[name] for name in expected} == expected
    assert result["problems"] == []


@pytest.mark.parametrize(
    ("stdout", "version", "server_side"),
    [
        ("v4.3.1+gabc", "4.3.1", True),
        ("v4.3", "4.3", True),
        ("v3.19.0", "3.19.0", False),
        ("v3.22", "3.22", False),
        ("v10.0.0", "10.0.0", True),
        ("unknown", "", False),
        ("", "", False),
    ],
)
def test_only_helm_4_and_newer_apply_on_the_server(stdout: str, version: str, server_side: bool) -> None:
    result = preflight(helm_version={"rc": 0, "stdout": stdout})
    assert (result["helm_version"], result["server_side"]) == (version, server_side)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        (
            {"kubernetes_core": "6.4.9"},
            (
                "gatehouse.istio needs the collection kubernetes.core 6.5.0 or newer, but Ansible finds 6.4.9; run "
                '"ansible-galaxy collection install --upgrade kubernetes.core".'
            ),
        ),
        (
            {"kubernetes_core": ""},
            (
                "gatehouse.istio needs the collection kubernetes.core 6.5.0 or newer, but Ansible finds none; run "
                '"ansible-galaxy collection install --upgrade kubernetes.core".'
            ),
        ),
        (
            {"role": "cert_manager", "helm_binary": "/x/helm", "helm_version": {"rc": 2, "msg": "not found"}},
            (
                'Helm cannot be run on localhost: "/x/helm version" failed (not found); install Helm 3 or 4 there, or '
                "set cert_manager_helm_binary."
            ),
        ),
        (
            {"values_files": {"istio_base_values_files": ["a.yml", "b.yml"]}, "missing_files": ["b.yml"]},
            (
                "The values file b.yml of istio_base_values_files does not exist on the machine that runs Ansible; "
                "correct its path."
            ),
        ),
        (
            {"chart_source": "/charts", "chart_files": ["/charts/base/Chart.yaml"]},
            (
                "The directory /charts (istio_chart_source) on localhost lacks the chart istiod; each chart must be in "
                "a directory of its own name, with its Chart.yaml."
            ),
        ),
        (
            {"chart_source": "/charts"},
            (
                "The directory /charts (istio_chart_source) on localhost lacks the charts base and istiod; each chart "
                "must be in a directory of its own name, with its Chart.yaml."
            ),
        ),
    ],
)
def test_problems(changes: dict[str, Any], problem: str) -> None:
    assert preflight(**changes)["problems"] == [problem]
