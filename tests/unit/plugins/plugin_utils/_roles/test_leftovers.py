# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles istio and cert_manager: what is left in the cluster -> facts and sentences."""

from __future__ import annotations

from typing import Any

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.leftovers import (
    cert_manager_leftovers,
)
from ansible_collections.gatehouse.istio.plugins.plugin_utils._istio_role.leftovers import istio_leftovers

ASKED = {"releases": [{"namespace": "istio-system"}, {"namespace": "istio-ingress"}]}


def api(group: str) -> dict[str, Any]:
    return {"spec": {"group": group}}


def named(*names: str) -> list[dict[str, Any]]:
    return [{"metadata": {"name": name}} for name in names]


def test_what_is_left_of_istio() -> None:
    live = {
        "apis": [api("security.istio.io"), api("apps"), api("networking.istio.io"), api("notistio.io")],
        "namespaces": named("default", "istio-system"),
        "config_maps": named("istio-ca-root-cert", "istio-ca-root-cert"),
        "secrets": ["istio-ca-secret"],
    }
    result = istio_leftovers(ASKED, {"kept": ["istio-base"]}, live, "istio-system")
    assert result["left"] == {
        "api_groups": ["networking.istio.io", "security.istio.io"],
        "namespaces": ["istio-system"],
        "config_maps": ["istio-ca-root-cert"],
        "secrets": ["istio-ca-secret"],
    }
    assert result["messages"] == [
        "Releases that another control plane needs stay: istio-base.",
        (
            "CRDs stay, with all of their objects (deleting a CRD would delete them): networking.istio.io, "
            "security.istio.io."
        ),
        "Namespaces stay, with what others or istiod put there: istio-system.",
        "ConfigMaps stay in every namespace: istio-ca-root-cert.",
        "The Secret istio-system/istio-ca-secret stays; if istiod is installed again, it goes on with the CA in it.",
    ]


def test_nothing_is_left_of_istio() -> None:
    live: dict[str, Any] = {"apis": [], "namespaces": [], "config_maps": [], "secrets": []}
    assert istio_leftovers(ASKED, {"kept": []}, live, "istio-system")["messages"] == ["Nothing of Istio is left."]


def test_what_is_left_of_cert_manager() -> None:
    live = {
        "apis": [api("cert-manager.io"), api("acme.cert-manager.io"), api("notcert-manager.io")],
        "namespaces": named("default", "cert-manager"),
        "secrets": named("tsig", "sh.helm.release.v1.cert-manager.v1", "company-ca"),
    }
    result = cert_manager_leftovers(live, namespace="cert-manager")
    assert result["left"] == {
        "api_groups": ["acme.cert-manager.io", "cert-manager.io"],
        "namespaces": ["cert-manager"],
        "secrets": ["company-ca", "tsig"],
    }
    assert result["messages"] == [
        (
            "CRDs stay, with all of their objects (cert_manager_remove_crds removes them all): acme.cert-manager.io, "
            "cert-manager.io."
        ),
        "The namespace stays, with what others put there: cert-manager.",
        "Secrets in it stay: company-ca, tsig.",
        "Secrets with certificates stay in every namespace, and are no longer renewed.",
    ]
    assert cert_manager_leftovers(live, namespace="cert-manager", crds_removed=True)["left"]["api_groups"] == []
