# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exposures from random options of istio_exposure, as it writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from ansible_collections.gatehouse.istio.plugins.module_utils._options.typed import validated
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.exposure import plan_exposure
from ansible_collections.gatehouse.istio.plugins.module_utils._plan.steps import OwnershipError
from oracle.ours import Objects
from oracle.world import CREDENTIALS, INTERNAL, NAMESPACES, PODS, PUBLIC

HOSTS = ("a.example.com", "b.example.com", "c.a.example.com", "*.example.com", "*.a.example.com", "a.example.net")


@dataclass
class _Task:
    """Takes the warnings of a task, which nobody reads here."""

    check_mode: bool = False

    def warn(self, warning: str) -> None:
        """Nobody reads it."""


def options(random: Random, name: str) -> dict[str, Any]:
    """Options of one exposure. Not all go together: see written()."""
    namespace = random.choice(NAMESPACES)
    result: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "hosts": random.sample(HOSTS, random.choice((1, 1, 1, 2, 3))),
        "gateway": _gateway(random, namespace),
    }
    protocol = random.choice(("http",) * 7 + ("tcp", "mongo"))
    if protocol != "http":
        result |= {"protocol": protocol, "service": "db", "port": 27017, "tls": {"mode": "none"}}
        result["gateway"]["tcp_port"] = random.choice((27017, 27017, 9999, 443))
        return result
    result["tls"] = _tls(random)
    if result["tls"]["mode"] == "passthrough":
        return {**result, "service": "tls", "port": 443}
    if random.random() < 0.3:
        result["export_to"] = random.choice((["*"], ["."], [".", "istio-ingress"], ["istio-ingress"], ["team"]))
    return {**result, **_destinations(random)}


def _gateway(random: Random, namespace: str) -> dict[str, Any]:
    selector = random.choice((PUBLIC, PUBLIC, PUBLIC, INTERNAL))
    kind = random.choice(("own", "own", "own", "shared", "shared", "existing"))
    if kind == "existing":
        return {"existing": random.choice((f"{namespace}/front", "shop/front", "front", "team/e1"))}
    result: dict[str, Any] = {"selector": dict(selector)}
    if kind == "shared":
        result["shared"] = random.choice(("shop/everybody", "shop/everybody", "team/common"))
    elif random.random() < 0.15:
        result["namespace"] = random.choice((*NAMESPACES, "istio-ingress"))
    if random.random() < 0.1:
        result["https_port"] = random.choice((8443, 444))
    if random.random() < 0.1:
        result["http_port"] = random.choice((8080, 81))
    return result


def _tls(random: Random) -> dict[str, Any]:
    mode = random.choice(("none", "none", "simple", "simple", "simple", "optional_mutual", "mutual", "passthrough"))
    if mode == "none":
        return {"mode": mode}
    redirect = {"redirect": True} if random.random() < 0.4 else {}
    credential = {} if mode == "passthrough" else {"credential_name": random.choice(CREDENTIALS)}
    return {"mode": mode, **credential, **redirect}


def _destinations(random: Random) -> dict[str, Any]:
    if random.random() < 0.4:
        return random.choice(({"service": "web", "port": 80}, {"service": "web"}, {"service": "api", "port": 8080}))
    result: dict[str, Any] = {"routes": [_route(random) for _each in range(random.choice((1, 2, 2, 3)))]}
    if random.random() < 0.2:
        result["subsets"] = [{"service": "web", "name": "v1", "labels": {"version": "v1"}}]
    return result


def _route(random: Random) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if random.random() < 0.7:
        result["match"] = [match(random) for _each in range(random.choice((1, 1, 2)))]
    kind = random.choice(("service",) * 6 + ("redirect", "answer", "split"))
    if kind == "redirect":
        return {**result, "redirect": {"uri": random.choice(("/x", "/y"))}}
    if kind == "answer":
        return {**result, "direct_response": {"status": random.choice((200, 503))}}
    web = {"service": "web", "port": 80}
    if kind == "split":
        return {**result, "destinations": [{**web, "weight": 50}, {"service": "api", "port": 8080, "weight": 50}]}
    one = random.choice(
        (web, web, {"service": "api", "port": 8080}, {**web, "subset": "v1"}, {"service": "nope", "port": 80})
    )
    return {**result, "destinations": [one]}


def match(random: Random) -> dict[str, Any]:
    """A match in our options' names."""
    result: dict[str, Any] = {}
    if random.random() < 0.8:
        uri = (
            {"prefix": "/"},
            {"prefix": "/a"},
            {"prefix": "/a/b"},
            {"exact": "/a"},
            {"exact": "/b"},
            {"regex": "/c+"},
        )
        result["uri"] = random.choice(uri)
    if random.random() < 0.2:
        result["method"] = random.choice(({"exact": "GET"}, {"regex": "GET|PUT"}))
    if random.random() < 0.2:
        result["headers"] = {random.choice(("x-a", "x-b")): random.choice(({"exact": "1"}, {"prefix": "2"}))}
    if random.random() < 0.1:
        result["query_params"] = {"q": {"exact": "1"}}
    if random.random() < 0.05:
        result["port"] = random.choice((80, 443))
    return result or {"uri": {"prefix": "/"}}


def manifests_of(wanted: Mapping[str, Any]) -> list[Manifest]:
    """Istio's objects of an exposure; none for options that are refused."""
    try:
        made = manifests(parse(validated("exposure", wanted)), PODS)
    except OptionError:
        return []
    return [entry for entry in made if entry["apiVersion"].startswith("networking.istio.io/")]


def written(wanted: dict[str, Any], objects: list[Manifest], created: str) -> list[Manifest]:
    """All objects after istio_exposure has written an exposure, unless it refuses its options: then as they were."""
    try:
        exposure = parse(validated("exposure", wanted))
        plan = plan_exposure(_Task(), Objects(objects), exposure.key, exposure)
    except (OptionError, OwnershipError, ClusterError):
        return objects
    by_ref = {ref(entry): entry for entry in objects if "namespace" in entry["metadata"]}
    others = [entry for entry in objects if "namespace" not in entry["metadata"]]
    for step in plan.steps:
        if step.desired is not None:
            old = by_ref.get(step.ref)
            time = old["metadata"]["creationTimestamp"] if old else created
            metadata = {**step.desired["metadata"], "creationTimestamp": time}
            by_ref[step.ref] = {**step.desired, "metadata": metadata}
    return [*others, *by_ref.values()]
