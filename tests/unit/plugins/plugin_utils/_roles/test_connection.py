# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every role: connection variables -> the connection as a whole."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.connection import role_connection

NONE = {"kubeconfig": "", "context": None}


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        ([], {}),
        ([NONE, NONE], {}),
        ([{"kubeconfig": "a", "context": "b"}, {"kubeconfig": "c"}], {"kubeconfig": "a", "context": "b"}),
        ([{"kubeconfig": "", "context": "b"}, {"kubeconfig": "c", "context": "d"}], {"context": "b"}),
        ([NONE, {"kubeconfig": {"clusters": []}, "context": ""}], {"kubeconfig": {"clusters": []}}),
    ],
)
def test_the_first_that_is_set_as_a_whole(connections: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    assert role_connection(connections) == expected
