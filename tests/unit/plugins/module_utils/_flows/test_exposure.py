# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task reports when a write fails midway.

A real API server cannot be made to refuse a write that it has just accepted in the rehearsal: its door is replaced.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from typing import Any, ClassVar

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.exposure import run_exposure
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.session import Connected
from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE

PARAMS: dict[str, Any] = {
    "name": "shop",
    "namespace": "shop",
    "hosts": ["shop.example.com"],
    "service": "web",
    "gateway": {"selector": {"istio": "public"}},
}


class FailingCluster:
    """An empty cluster that refuses to write objects of one kind."""

    refused_kind = ""
    refusal: Exception = ClusterError("the server is on fire.", 500)
    refuses_dry_run = False
    written: list[Ref]
    warnings: ClassVar[dict[tuple[str, str], None]] = {}

    def __init__(self, *_: object) -> None:
        FailingCluster.written = []

    def find(self, *_: object) -> list[Manifest]:
        return []

    def get(self, *_: object) -> Manifest | None:
        return None

    def apply(self, manifest: Manifest, dry_run: bool = False) -> Manifest:
        if manifest["kind"] == self.refused_kind and dry_run == self.refuses_dry_run:
            raise self.refusal
        if not dry_run:
            self.written.append(ref(manifest))
        return manifest


def run(monkeypatch: pytest.MonkeyPatch, refused_kind: str, refuses_dry_run: bool = False) -> dict[str, Any]:
    monkeypatch.setattr(FailingCluster, "refused_kind", refused_kind)
    monkeypatch.setattr(FailingCluster, "refuses_dry_run", refuses_dry_run)
    output = io.StringIO()
    client: Any = FailingCluster()
    with patch_module_args(PARAMS), contextlib.redirect_stdout(output):
        module = AnsibleModule(supports_check_mode=True, **EXPOSURE.module_arguments())
        with pytest.raises(SystemExit):
            run_exposure(module, lambda _module: Connected(client, client))
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def test_a_failure_midway_says_what_was_done_and_what_was_not(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, "VirtualService")
    assert result["msg"] == (
        "VirtualService shop/shop was not created: the server is on fire. Already done: Gateway shop/shop created. "
        "Run the task again to finish it."
    )
    assert result["changed"] is True
    assert [entry["kind"] for entry in result["objects"]] == ["Gateway"]


def test_also_a_mistake_of_ours_leaves_no_change_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FailingCluster, "refusal", KeyError("s3cret"))
    result = run(monkeypatch, "VirtualService")
    assert re.fullmatch(
        r"VirtualService shop/shop was not created: gatehouse\.istio itself has an error here "
        r"\(KeyError in test_exposure\.py, line \d+\)\. Please report it\. Already done: Gateway shop/shop created\. "
        r"Run the task again to finish it\.",
        result["msg"],
    )
    assert result["changed"] is True
    assert "s3cret" not in str(result)


def test_a_failure_of_the_first_write_says_what_was_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, "Gateway")
    assert result["msg"] == (
        "Gateway shop/shop was not created: the server is on fire. Nothing was changed before it. "
        "Not tried: VirtualService shop/shop. Run the task again to finish it."
    )
    assert result["changed"] is False


def test_what_is_refused_in_the_dry_run_is_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, "VirtualService", refuses_dry_run=True)
    assert result["msg"] == "VirtualService shop/shop: the server is on fire. Nothing was changed."
    assert FailingCluster.written == []
