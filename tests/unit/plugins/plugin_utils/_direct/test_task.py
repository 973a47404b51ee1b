# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options are read, and results returned, as an AnsibleModule does it."""

from __future__ import annotations

import datetime
from collections import UserDict
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO
from ansible_collections.gatehouse.istio.plugins.plugin_utils._direct.task import Asked, DirectTask, TaskEnd, plain


def task(options: dict[str, Any], shows_invocation: bool = False) -> DirectTask:
    return DirectTask(Asked("gatehouse.istio.istio_exposure_info", options, False, False, shows_invocation))


def test_values_of_no_log_options_are_in_no_result() -> None:
    asked = task({"api_key": "s3cr3t-t0ken", "hosts": "a.example.com"}, shows_invocation=True)
    asked.read(INFO)
    with pytest.raises(TaskEnd) as end:
        asked.fail_json(msg="The token s3cr3t-t0ken is wrong", changed=False)
    result = asked.cleaned(end.value.result)
    assert "s3cr3t" not in str(result)
    assert result["failed"] is True
    assert result["invocation"]["module_args"]["hosts"] == ["a.example.com"]


def test_what_a_flow_hides_is_hidden_too() -> None:
    asked = task({})
    asked.read(INFO)
    asked.no_log_values.add("from-the-kubeconfig")
    assert "from-the" not in str(asked.cleaned({"msg": "from-the-kubeconfig"}))


def test_warnings_are_returned_once() -> None:
    asked = task({"verify_ssl": False, "validate_certs": False})
    asked.read(INFO)
    asked.warn("Slow.")
    asked.warn("Slow.")
    assert asked.cleaned({})["warnings"] == [
        "Both option validate_certs and its alias verify_ssl are set.",
        "Slow.",
    ]


def test_results_are_json() -> None:
    assert task({}).cleaned({"hosts": ("a", "b"), "by_port": {80: None}}) == {
        "hosts": ["a", "b"],
        "by_port": {"80": None},
    }


class Text(str):
    """Such as Ansible's text from a template."""

    __slots__ = ()


def test_values_become_plain() -> None:
    class Encrypted:
        def __str__(self) -> str:
            return "decrypted"

    given = {"a": Text("text"), "b": UserDict({"c": (1, None)}), "d": Encrypted(), "e": datetime.date(2026, 11, 25)}
    values = plain(given)
    assert values == {"a": "text", "b": {"c": [1, None]}, "d": "decrypted", "e": "2026-11-25"}
    assert not isinstance(values["a"], Text)
