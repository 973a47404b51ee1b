# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of test tables that several test files have."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """An exposure, and the cluster that it is for."""

    desired: list[Manifest]  # the exposure's objects
    state: ClusterState  # what else is in the cluster, and the exposure's live objects if it exists already
