# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Which DestinationRules a gateway's pods get for a host. Pure.

The rules are those of istiod's PushContext.destinationRule: first those in the namespace of the pods, then those that
the Service's namespace exports, then those of the mesh's root namespace. In each, the most specific host decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._kubernetes.objects import Manifest
from .names import service_host
from .settings import MeshSettings
from .visibility import is_exported

Place = tuple[str, str]


class DestinationRules:
    """All DestinationRules, by namespace and host."""

    def __init__(self, rules: Iterable[Manifest], settings: MeshSettings, cluster_domain: str) -> None:
        self._settings = settings
        self._by_namespace: dict[str, dict[str, list[Manifest]]] = {}
        for rule in rules:
            namespace = rule["metadata"]["namespace"]
            host = service_host(str(rule["spec"].get("host", "")), namespace, cluster_domain)
            self._by_namespace.setdefault(namespace, {}).setdefault(host, []).append(rule)
        self._wildcards = {
            namespace: [host for host in by_host if host.startswith("*")]
            for namespace, by_host in self._by_namespace.items()
        }

    def of(self, host: str, service_namespace: str | None, pods_namespace: str | None) -> list[Manifest]:
        """The rules that count for a host; all that may, if the namespace of the pods is not known."""
        if pods_namespace is None:
            candidates = [self._most_specific(namespace, host, None) for namespace in self._by_namespace]
            return [rule for rules in candidates for rule in rules]
        root = self._settings.root_namespace
        if pods_namespace == root:
            local = self._most_specific(pods_namespace, host, pods_namespace, private=True)
        else:
            local = self._most_specific(pods_namespace, host, pods_namespace)
        if local:
            return local
        for namespace in (service_namespace, root):
            rules = self._most_specific(namespace, host, pods_namespace) if namespace else []
            if rules:
                return rules
        return []

    def anywhere(self, host: str) -> list[Manifest]:
        """All rules for a host, wherever they are."""
        return [rule for by_host in self._by_namespace.values() for rule in by_host.get(host, ())]

    def _most_specific(
        self, namespace: str, host: str, pods_namespace: str | None, private: bool = False
    ) -> list[Manifest]:
        """The rules of a namespace for the host, or for the longest wildcard that takes it."""
        by_host = self._by_namespace.get(namespace, {})
        wider = [name for name in self._wildcards.get(namespace, ()) if name != host and host.endswith(name[1:])]
        hosts = [host, *wider] if host in by_host else wider
        for name in sorted(hosts, key=lambda name: (name == host, len(name)), reverse=True):
            rules = [
                rule
                for rule in by_host[name]
                if self._is_for(rule, pods_namespace) and (not private or self._is_private(rule))
            ]
            if rules:
                return rules
        return []

    def _export_to(self, rule: Manifest) -> tuple[str, ...]:
        if rule["spec"].get("workloadSelector"):
            return (".",)
        return tuple(rule["spec"].get("exportTo") or self._settings.destination_rules_for)

    def _is_for(self, rule: Manifest, pods_namespace: str | None) -> bool:
        return is_exported(self._export_to(rule), rule["metadata"]["namespace"], pods_namespace)

    def _is_private(self, rule: Manifest) -> bool:
        return set(self._export_to(rule)) <= {".", rule["metadata"]["namespace"]}


def subsets(rules: Iterable[Manifest]) -> dict[str, dict[str, str]]:
    """The labels of the subsets that rules define, by the subset's name; the first one of a name counts."""
    result: dict[str, dict[str, str]] = {}
    for rule in rules:
        for subset in rule["spec"].get("subsets") or []:
            result.setdefault(str(subset.get("name")), subset.get("labels") or {})
    return result


def load_balancing(rules: Iterable[Manifest], subset: str | None, port: int | None) -> str | None:
    """How the gateway picks an endpoint."""
    setting = _setting("loadBalancer", rules, subset, port)
    return None if setting is None else str(setting.get("simple") or "")


def tls_mode(rules: Iterable[Manifest], subset: str | None, port: int | None) -> str | None:
    """How the gateway speaks to a port; None if no rule says it."""
    setting = _setting("tls", rules, subset, port)
    return None if setting is None else str(setting.get("mode", "DISABLE"))


def _setting(name: str, rules: Iterable[Manifest], subset: str | None, port: int | None) -> dict[str, Any] | None:
    """A part of the traffic policy. The subset comes before the rule, and what is for the port before the rest."""
    listed = list(rules)
    named = [entry for rule in listed for entry in rule["spec"].get("subsets") or [] if entry.get("name") == subset]
    for holder in (*(named if subset else ()), *(rule["spec"] for rule in listed)):
        policy: dict[str, Any] = holder.get("trafficPolicy") or {}
        every = policy.get("portLevelSettings") or []
        for setting in (*(each for each in every if (each.get("port") or {}).get("number") == port), policy):
            if setting.get(name):
                found: dict[str, Any] = setting[name]
                return found
    return None
