# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of kubernetes.core -> what the API server said."""

from __future__ import annotations

import json

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._roles.messages import kubernetes_message

MESSAGE = """Issuer "it's" is invalid: spec.acme.server: Invalid value: "": don't"""
STATUS = json.dumps({"kind": "Status", "message": MESSAGE, "details": {"causes": [{"field": "spec"}]}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"Failed to apply object: {STATUS.encode()!r}", MESSAGE),
        (f"Failed to apply object: {(STATUS + chr(10)).encode()!r}", MESSAGE),
        (f"Failed to apply object: {STATUS}{chr(10)}", MESSAGE),
        ("Failed to apply object: {not json}", "Failed to apply object: {not json}"),
        ("Failed to delete object: timed out", "Failed to delete object: timed out"),
        ("Failed to apply object: b'{not json}'", "Failed to apply object: b'{not json}'"),
        ("""Failed to apply object: b'{"kind": "Status"}'""", """Failed to apply object: b'{"kind": "Status"}'"""),
    ],
)
def test_messages(text: str, message: str) -> None:
    assert kubernetes_message(text) == message
