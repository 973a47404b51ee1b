# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which namespaces' gateways are given a VirtualService."""

from __future__ import annotations

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.export_to import is_seen


@pytest.mark.parametrize(
    ("export_to", "namespace", "seen"),
    [
        (None, "infra", True),
        (["*"], "infra", True),
        (["infra"], "infra", True),
        (["other", "infra"], "infra", True),
        (["other"], "infra", False),
        (["."], "infra", False),
        (["."], "shop", True),
        (["infra"], "shop", False),
    ],
)
def test_who_sees_it(export_to: list[str] | None, namespace: str, seen: bool) -> None:
    options = {
        "name": "web",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "service": "web",
        "gateway": {"selector": {"istio": "public"}},
        "export_to": export_to,
    }
    assert is_seen(parse(options), namespace) is seen
