# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The order of writes, and what is written on the way so that an exposure that moves is served throughout. Pure.

Of two Gateways with the same TLS host on one port, istiod serves the older one, and of the other one it drops the whole
server, with all its hosts. And each server that ends TLS has a route table of its own in Envoy: when the server goes,
istiod empties the table a moment before Envoy has gone over to another one. So

- the VirtualService is bound to both, before the new Gateway has the hosts and until the old one has them no more;
- an own Gateway is put aside before it goes: it keeps its server and so its table, but for a wildcard that nobody else
  has, such as *.com. So it serves the hosts until the new Gateway, which has them exactly, does. If somebody serves *,
  it is not done, as *.com would take hosts from that one;
- what others share cannot be put aside. There the hosts are in a server of their own meanwhile. If that is dropped,
  nobody else's hosts are. Who asks for a moving host just when Envoy goes over gets 404.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace

from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Manifest, owned_fields, pick
from ansible_collections.gatehouse.istio.plugins.module_utils._plan import Step
from ansible_collections.gatehouse.istio.plugins.module_utils._shared_gateway import Change, contribution_of


@dataclass(frozen=True)
class Write:
    """One write of a step: desired (None: it is deleted), or for a shared Gateway the change to what is there."""

    step: Step
    desired: Manifest | None
    change: Change | None = None


def leaves_a_gateway(steps: list[Step]) -> bool:
    """Whether the exposure goes from one Gateway to another."""
    leaving = any(step.ref.kind == "Gateway" and step.takes_away for step in steps)
    return leaving and any(step.ref.kind == "VirtualService" and step.desired for step in steps)


def stages(steps: list[Step], taken: Container[str] | None = None) -> list[list[Write]]:
    """All writes, each stage to be in effect before the next one. The last one takes away where the exposure was.

    taken are the TLS hosts of all Gateways; if they are not known, no Gateway is put aside.
    """
    kept = [step for step in steps if not step.takes_away]
    leaving = [step for step in steps if step.takes_away]
    last = [_final(step) for step in leaving]
    moves = any(map(_left_behind, kept)) or any(step.ref.kind == "Gateway" for step in leaving)
    if not kept or not moves:
        return [[_final(step) for step in kept] + last]
    aside = [write for step in leaving for write in _aside(step, taken)]
    all_aside = bool(aside) and len(aside) == sum(step.ref.kind == "Gateway" for step in leaving)
    routes = [write for step in leaving for write in _alone(step, step.live)]
    listeners, then = list(aside), []
    for step in kept:
        interim = _bound_to_both(step) or ([] if all_aside else _alone(step, step.desired))
        stage = listeners if step.ref.kind == "Gateway" else routes
        stage += interim or [_final(step)]
        then += [_final(step)] if interim else []
    return [stage for stage in (routes, listeners, last + then) if stage]


def _final(step: Step) -> Write:
    return Write(step, step.desired, step.shared)


def _left_behind(step: Step) -> set[str]:
    """The Gateways that a VirtualService is bound to and will not be any more."""
    if step.ref.kind != "VirtualService" or step.live is None or step.desired is None:
        return set()
    return set(step.live["spec"].get("gateways") or []) - set(step.desired["spec"]["gateways"])


def _bound_to_both(step: Step) -> list[Write]:
    old = sorted(_left_behind(step))
    if not old or step.desired is None:
        return []
    spec = step.desired["spec"]
    return [Write(step, {**step.desired, "spec": {**spec, "gateways": [*spec["gateways"], *old]}})]


def _aside(step: Step, taken: Container[str] | None) -> list[Write]:
    """Lets an own Gateway that goes serve its TLS hosts by a wildcard."""
    if taken is None or step.live is None or step.shared is not None or step.ref.kind != "Gateway":
        return []
    ours = pick(step.live, owned_fields(step.live))
    servers: list[Manifest] = ours.get("spec", {}).get("servers", [])
    ending_tls = [server for server in servers if "credentialName" in server.get("tls", {})]
    hosts = {host for server in ending_tls for host in server["hosts"]}
    wildcards = {_wildcard(host) for host in hosts}
    if not hosts or wildcards & ({None} | hosts) or "*" in taken or any(host in taken for host in wildcards):
        return []
    behind = [_behind_wildcards(server) if server in ending_tls else server for server in servers]
    names = {"name": step.ref.name, "namespace": step.ref.namespace, "uid": step.live["metadata"]["uid"]}
    content = {"apiVersion": step.live["apiVersion"], "kind": "Gateway", "spec": {**ours["spec"], "servers": behind}}
    return [Write(step, {**content, "metadata": {**ours.get("metadata", {}), **names}})]


def _behind_wildcards(server: Manifest) -> Manifest:
    return {**server, "hosts": sorted({str(_wildcard(host)) for host in server["hosts"]})}


def _wildcard(host: str) -> str | None:
    """The widest wildcard of a host's names, but for all there are."""
    rest, _dot, top = host.rpartition(".")
    return f"*.{top}" if rest else None


def _alone(step: Step, gateway: Manifest | None) -> list[Write]:
    """Puts the exposure's hosts on a shared Gateway into a server of their own."""
    if step.shared is None or gateway is None or not step.changes:
        return []
    contribution = step.shared.contribution or contribution_of(gateway, step.shared.exposure)
    if contribution is None:
        return []
    change = replace(step.shared, contribution=replace(contribution, alone=True))
    return [Write(step, gateway, change)]
