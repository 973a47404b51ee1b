# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All options at once against the real API server, with Istio's and cert-manager's webhooks."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster
from support.every_option import exposures
from support.run_module import run_module


@pytest.mark.usefixtures("cert_manager")
def test_every_option_can_be_written_and_a_second_run_changes_nothing(istio: Cluster, namespace: str) -> None:
    """What the API server or Istio might fill in or write in another way would make it differ."""
    for options in exposures(namespace, istio.layout.ca_certificate.read_text()):
        # What is attached has other hosts than the Gateway: nothing here needs to be served.
        unchecked = {"checks": {"host-not-on-gateway": "ignore"}}
        task = {**options, **unchecked, "kubeconfig": str(istio.kubeconfig)}
        first = run_module(istio_exposure.main, task)
        assert not first.failed, (options["name"], first.message)
        assert first.changed
        second = run_module(istio_exposure.main, task)
        assert not second.changed, second.diff
        # A change of one field must not show others that are only written in another way.
        labelled = run_module(istio_exposure.main, {**task, "labels": {"other": "x", "team": "shop"}}, check=True)
        assert labelled.changed
        lines = labelled.diff.splitlines()
        after = {text[2:] for text in lines if text.startswith("+ ")}
        assert [text for text in lines if text.startswith("- ") and text[2:] not in after] == []
    removals = [
        run_module(istio_exposure.main, {**task, "name": name, "state": "absent"})
        for name in ("requests", "answers", "secure", "connections", "attached", "sharing")
    ]
    assert all(removal.changed for removal in removals)
