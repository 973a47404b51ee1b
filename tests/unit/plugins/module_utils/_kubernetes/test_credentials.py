# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Credentials of a kubeconfig: none is left in a file, and none becomes the default of the next connection."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest
from kubernetes.client import Configuration

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient
from cluster.pki import KeyPair, ensure_ca


class Task:
    def __init__(self, **params: Any) -> None:
        self.params = params
        self.no_log_values: set[str] = set()


def connected(**params: Any) -> KubernetesClient:
    return KubernetesClient(cast("Any", Task(**params)))


def encoded(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


@pytest.fixture(name="kubeconfig")
def kubeconfig_fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("authority")
    certificate, key = directory / "ca.crt", directory / "ca.key"
    ensure_ca(KeyPair(certificate, key), "Test")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [
            {
                "name": "it",
                "cluster": {"server": "https://one.example.com", "certificate-authority-data": encoded(certificate)},
            }
        ],
        "users": [
            {"name": "it", "user": {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}}
        ],
    }


def test_no_key_is_left_in_a_file(kubeconfig: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    client = connected(kubeconfig=kubeconfig)
    assert list(tmp_path.iterdir()) == []
    options: dict[str, Any] = vars(client)["_pool"].connection_pool_kw
    assert options["ssl_context"].get_ca_certs()
    assert not {"cert_file", "key_file", "ca_certs"} & options.keys()


def test_a_connection_is_not_the_default_of_the_next_one(kubeconfig: dict[str, Any]) -> None:
    connected(kubeconfig=kubeconfig)
    other = connected(host="https://two.example.com", api_key="token")
    assert vars(other)["_configuration"].host == "https://two.example.com"
    assert vars(other)["_configuration"].cert_file is None


def test_the_default_of_others_stays(kubeconfig: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = Configuration(host="https://theirs.example.com")
    monkeypatch.setattr(Configuration, "_default", theirs)
    client = connected(kubeconfig=kubeconfig)
    assert vars(client)["_configuration"].host == "https://one.example.com"
    assert Configuration.get_default_copy().host == "https://theirs.example.com"
