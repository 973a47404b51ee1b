# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is sent to the API server."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes import client
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient, encoded
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError

TEXTS = ["plain", "é €", "😀", '"\\\n\t\r\0\x1b', "\\ud83d", "\x7f\x80\x85\x9f", "\u2028\u2029", "\ufeff\ufffe\uffff"]


@pytest.mark.parametrize("text", TEXTS)
def test_an_object_is_the_same_as_json_and_as_yaml(text: str) -> None:
    manifest = {"metadata": {"annotations": {text: text}}, "spec": {"number": 1, "list": [text, None, True, 1.5]}}
    data = encoded(manifest)
    assert json.loads(data) == manifest
    assert yaml.safe_load(data) == manifest


def test_half_a_character_is_left_to_the_api_server() -> None:
    assert encoded({"text": "\udce9"}) == b'{"text": "\\udce9"}'


class FakeModule:
    def __init__(self) -> None:
        self.params = {"kubeconfig": "/nowhere"}
        self.warnings: list[str] = []

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)


@pytest.mark.parametrize(("version", "is_old"), [("23.6.0", True), ("24.2.0", False), ("37.0.2", False)])
def test_a_package_that_is_too_old_is_a_warning(monkeypatch: pytest.MonkeyPatch, version: str, is_old: bool) -> None:
    monkeypatch.setattr(client, "kubernetes_version", version)
    module = FakeModule()
    with pytest.raises(ClusterError):
        KubernetesClient(module)
    assert [warning.startswith("The Python package kubernetes 23.6.0 is older") for warning in module.warnings] == (
        [True] if is_old else []
    )
