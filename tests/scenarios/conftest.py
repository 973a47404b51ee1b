# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The type of cluster for the Molecule scenarios: GATEHOUSE_CLUSTER, as in Molecule itself."""

from __future__ import annotations

import os

import pytest

from cluster.kind import lifecycle
from cluster.kind.engine import UnavailableError
from cluster.layout import cache_directory

CLUSTER = os.environ.get("GATEHOUSE_CLUSTER") or "embedded"
collect_ignore = [] if CLUSTER == "kind" else ["test_kind.py"]


@pytest.fixture(scope="session", autouse=True)
def _prepared(request: pytest.FixtureRequest) -> None:
    """Prepare kind with visible progress, because it may take minutes. Without Docker, all tests are skipped."""
    if CLUSTER == "kind":
        capture = request.config.pluginmanager.getplugin("capturemanager")
        try:
            with capture.global_and_fixture_disabled():
                print()
                lifecycle.prepare(cache_directory(), lambda text: print(text, flush=True))
        except UnavailableError as error:
            pytest.skip(str(error))
