# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tests of who sees an object with an exportTo."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.visibility import is_exported


@pytest.mark.parametrize(
    ("export_to", "namespace", "visible"),
    [
        ([], "infra", True),
        (["*"], "infra", True),
        (["infra"], "infra", True),
        (["other", "infra"], "infra", True),
        (["other"], "infra", False),
        (["."], "infra", False),
        (["."], "shop", True),
        (["infra"], "shop", False),
        (["~"], "shop", False),
        (["~"], None, False),
        (["other"], None, True),
        (["~", "*"], None, True),
    ],
)
def test_which_namespaces_see_an_object_of_namespace_shop(
    export_to: list[str], namespace: str | None, visible: bool
) -> None:
    assert is_exported(export_to, "shop", namespace) is visible
