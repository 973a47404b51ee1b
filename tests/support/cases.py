# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of test tables that several test files have."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import found_in_a_list


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """An exposure, and the cluster that it is for."""

    desired: list[Manifest]  # the exposure's objects
    state: ClusterState  # what else is in the cluster, and the exposure's live objects if it exists already


@dataclass(frozen=True, kw_only=True)
class Mistake(Configuration):
    """A configuration with findings of one code and option."""

    code: str
    option: str  # the option that the finding names
    message: str  # a part of the finding's message


def check_mistake(mistake: Mistake) -> None:
    """The mistake is found, alone or in a list, and nothing else."""
    result = find(mistake.desired, mistake.state)
    assert {(finding.code, finding.where) for finding in result} == {(mistake.code, mistake.option)}
    assert any(mistake.message in finding.message for finding in result), [finding.message for finding in result]
    assert all("\n" not in str(finding) and finding.objects and finding.fix for finding in result)
    assert found_in_a_list(mistake.desired, mistake.state) == result
