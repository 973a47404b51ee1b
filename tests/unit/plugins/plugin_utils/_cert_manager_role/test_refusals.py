# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager: the results of a task that applies objects -> what is refused, and what is applied."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.plugin_utils._cert_manager_role.refusals import cert_manager_refusals


def result(name: str, **fields: Any) -> dict[str, Any]:
    return {"cert_manager__item": {"id": f"Issuer a/{name}"}, **fields}


GOOD, BAD = result("good"), result("bad", failed=True, msg="spec.acme: Required value.  ")
MUTE = result("mute", failed=True)


@pytest.mark.parametrize(
    ("failed", "applied", "check_mode", "expected"),
    [
        (
            {"results": [GOOD, BAD]},
            [GOOD, BAD],
            False,
            ["The cluster refuses the Issuer a/bad: spec.acme: Required value.", "Applied so far: Issuer a/good."],
        ),
        (
            {"results": [MUTE]},
            [MUTE],
            False,
            ["The cluster refuses the Issuer a/mute: no reason given.", "Applied so far: nothing."],
        ),
        (
            {"results": [BAD]},
            [],
            True,
            ["The cluster refuses the Issuer a/bad: spec.acme: Required value.", "Check mode applied nothing."],
        ),
        ({"msg": "Not a loop."}, [], False, ["Not a loop.", "Applied so far: nothing."]),
    ],
)
def test_sentences(
    failed: dict[str, Any], applied: list[dict[str, Any]], check_mode: bool, expected: list[str]
) -> None:
    assert cert_manager_refusals(failed, applied, check_mode) == expected
