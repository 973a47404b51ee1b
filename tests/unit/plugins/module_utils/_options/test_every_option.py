# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every option of all modules with everything that YAML, Jinja and surveys may make of it.

Each is accepted, and then objects can be made and checked, or refused in one sentence that names the option.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.gatehouse.istio.plugins.module_utils._argspec import ArgumentSpec
from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.module import Module
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.argument_spec import EXPOSURE
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import Exposure
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import (
    LIST,
    parse_list,
    parse_single,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.info import INFO, parse_info
from ansible_collections.gatehouse.istio.plugins.module_utils._options.probe import Probe
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.expectations import expectations
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import Request
from cluster.pki import KeyPair, ensure_ca
from support.builders import PODS, cluster
from support.every_option import exposures
from support.option_values import every_change, words


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> str:
    directory: Path = tmp_path_factory.mktemp("ca")
    authority = KeyPair(directory / "ca.crt", directory / "ca.key")
    ensure_ca(authority, "partners")
    return authority.certificate.read_text()


@pytest.fixture(scope="module")
def examples(ca: str) -> list[dict[str, Any]]:
    """Every option of an exposure is in one of them."""
    probe = {
        "path": "/a",
        "headers": {"x": "y"},
        "status": [200],
        "location": "https://a.example.com/",
        "addresses": ["192.0.2.1"],
        "http_port": 80,
        "https_port": 443,
        "client_cert": "/a",
        "client_key": "/b",
        "ca_cert": "/c",
    }
    others = {"adopt": True, "checks": {"secret-missing": "ignore"}, "wait": True, "wait_timeout": 5, "probe": probe}
    first, *rest = exposures("shop", ca)
    return [{**first, **others}, *rest]


def params_of(spec: ArgumentSpec, options: Mapping[str, Any]) -> dict[str, Any]:
    """The params of a module; raises OptionError for what it refuses."""

    class Refusing(Module):
        def fail_json(self, msg: str, **_more: Any) -> None:
            raise OptionError(msg)

    with patch_module_args(dict(options)):
        return dict(Refusing(spec).params)


def used(entry: Exposure | None, probe: Probe) -> None:
    """What is made of an exposure before the first write."""
    if entry is None:
        return
    written = manifests(entry, PODS)
    json.dumps(written)
    find_all({entry.key: written}, cluster(destination_rules=()))
    gateway = next((one for one in written if one["kind"] == "Gateway"), None)
    if gateway:
        for expected in expectations(entry.hosts, gateway, written[-1], None, probe)[0]:
            assert Request(expected.url).parts.path.isascii()


def complaint(error: OptionError, option: str) -> str | None:
    """What is wrong with a message."""
    if "\n" in str(error) or not str(error).endswith("."):
        return f"not one sentence: {error}"
    return None if option in str(error) else f"does not name {option}: {error}"


def test_options_of_an_exposure(examples: list[dict[str, Any]]) -> None:
    complaints = []
    for place, value, options in every_change(EXPOSURE.argument_spec, examples):
        try:
            (entry,) = parse_single(params_of(EXPOSURE, options)).entries
            used(entry.exposure, entry.probe)
        except OptionError as error:
            complaints.append((words(place), value, complaint(error, str(place[-1]))))
    assert [one for one in complaints if one[-1]] == []


def test_options_of_an_exposure_in_a_list(examples: list[dict[str, Any]]) -> None:
    """Each is an entry of one list that goes on, whatever is wrong."""
    spec = {name: one for name, one in EXPOSURE.argument_spec.items() if name not in ("wait_timeout", "cluster_domain")}
    changes = [change for change in every_change(spec, examples) if change[0] != ("name",)]
    listed = [
        {**{name: given for name, given in options.items() if name in spec}, "name": f"e{number}"}
        for number, (_place, _value, options) in enumerate(changes)
    ]
    request = parse_list(params_of(LIST, {"exposures": listed, "on_error": "continue"}))
    complaints = []
    for (place, value, _options), entry in zip(changes, request.entries, strict=True):
        if entry.mistake:
            complaints.append((words(place), value, complaint(OptionError(entry.mistake), str(place[-1]))))
        else:
            used(entry.exposure, entry.probe)
    assert [one for one in complaints if one[-1]] == []


def test_options_of_a_list() -> None:
    entry = {"name": "a", "namespace": "b", "state": "absent"}
    prune = {"namespaces": ["a"], "label_selectors": ["a=b"]}
    example = {"exposures": [entry], "defaults": {"namespace": "b"}, "prune": prune, "concurrency": 3}
    complaints = []
    for place, value, options in every_change(LIST.argument_spec, [example]):
        try:
            request = parse_list(params_of(LIST, options), [entry] if options.get("src") else None)
            assert request.entries or value == []
        except OptionError as error:
            complaints.append((words(place), value, complaint(error, str(place[-1]))))
    assert [one for one in complaints if one[-1]] == []


def test_options_of_the_information(examples: list[dict[str, Any]]) -> None:
    complaints = []
    for place, value, options in every_change(
        INFO.argument_spec, [{"desired": examples, "hosts": ["a"], "trace": ["http://a"]}]
    ):
        try:
            parse_info(params_of(INFO, options))
        except OptionError as error:
            complaints.append((words(place), value, complaint(error, str(place[-1]))))
    assert [one for one in complaints if one[-1]] == []
