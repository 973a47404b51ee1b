# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Which variables a role or playbook has, and their types: what meta/argument_specs.yml of each says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION = Path(__file__).resolve().parents[3]
ROLES = ("istio", "cert_manager", "exposures")
PLAYBOOKS = ("report",)  # those that have variables of their own for what they do
# The others only choose the hosts on which a role runs.
ROLE_OF: Mapping[str, str] = {"expose": "exposures", "install": "istio", "remove": "istio"}

_BOOL, _INT, _DICT = {"type": "bool"}, {"type": "int"}, {"type": "dict"}
_STRINGS, _DICTS = {"type": "list", "elements": "str"}, {"type": "list", "elements": "dict"}
_STATE = {"type": "str", "choices": ["present", "absent"]}
# Ansible validates a role's variables before the role can read them, and refuses the answers of a survey (empty, YAML
# as text) wherever the type is not str. So argument_specs.yml says raw, and these are the types.
TYPES: Mapping[str, Mapping[str, Any]] = {
    "istio_state": _STATE,
    "istio_base_values": _DICT,
    "istio_base_values_files": _STRINGS,
    "istio_istiod_values": _DICT,
    "istio_istiod_values_files": _STRINGS,
    "istio_cni_enabled": _BOOL,
    "istio_cni_values": _DICT,
    "istio_cni_values_files": _STRINGS,
    "istio_gateways": _DICTS,
    "istio_gateway_values": _DICT,
    "istio_gateway_values_files": _STRINGS,
    "istio_adopt": _BOOL,
    "istio_address_timeout": _INT,
    "istio_other_variables": _STRINGS,
    "cert_manager_state": _STATE,
    "cert_manager_remove_crds": _BOOL,
    "cert_manager_values": _DICT,
    "cert_manager_values_files": _STRINGS,
    "cert_manager_issuers": _DICTS,
    "cert_manager_secrets": _DICTS,
    "cert_manager_certificates": _DICTS,
    "cert_manager_adopt": _BOOL,
    "cert_manager_ready_timeout": _INT,
    "cert_manager_other_variables": _STRINGS,
    "exposures_list": _DICTS,
    "exposures_defaults": _DICT,
    "exposures_prune_namespaces": _STRINGS,
    "exposures_prune_label_selectors": _STRINGS,
    "exposures_on_error": {"type": "str", "choices": ["stop", "continue"]},
    "exposures_concurrency": _INT,
    "exposures_wait_timeout": _INT,
    "exposures_other_variables": _STRINGS,
}
# What the roles and playbooks set by themselves.
FACTS = (
    "istio_changed",
    "istio_ingress_gateways",
    "istio_left",
    "istio_preflight",
    "cert_manager_changed",
    "cert_manager_left",
    "exposures_result",
    "report_before",
    "report_exposed",
    "report_file",
    "report_is_narrowed",
    "report_made",
    "report_page",
    "report_same",
    "report_scope",
)


@cache
def _documented(directory: str) -> Mapping[str, Any]:
    text = (_COLLECTION / directory / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    specs: Mapping[str, Any] = yaml.load(text, Loader=_LOADER)["argument_specs"]  # noqa: S506  (a safe one)
    return specs


def variables_of(name: str) -> dict[str, Mapping[str, Any]]:
    """The variables of a role or playbook by name, each with its type, default and options."""
    entry = _documented(f"roles/{name}")["main"] if name in ROLES else _documented("playbooks")[name]
    return {variable: {**spec, **TYPES.get(variable, {})} for variable, spec in entry["options"].items()}


def known_names() -> set[str]:
    """Every name that means something to one of our roles and playbooks."""
    roles = [entry for role in ROLES for entry in _documented(f"roles/{role}").values()]
    entries = [*roles, *_documented("playbooks").values()]
    return {name for entry in entries for name in entry["options"]}.union(FACTS)
