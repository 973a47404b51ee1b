# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Services, ports and subsets to which VirtualServices send requests. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._analysis.back_ends import Destination, destinations, port_numbers
from .._analysis.context import Analysis, Context
from .._analysis.finding import Finding
from .._istio.indexes import once
from .._kubernetes.objects import Manifest, ref
from .._mesh.destination_rules import DestinationRules, load_balancing, subsets, tls_mode
from .._mesh.services import protocol_of, speaks_tls
from .._mesh.visibility import EXPORT_TO, is_discovered, is_service_visible, service_export_to

# Protocols that are not HTTP, and that Istio does not try to detect.
_NOT_HTTP = ("mongo", "mysql", "redis", "udp")


def missing(context: Context) -> Iterator[Finding]:
    """A host that is neither a Service nor the host of a ServiceEntry."""
    for destination in destinations(context):
        if destination.backend.live is not None:
            continue
        target, alias = destination.target, destination.backend.alias
        if alias:
            message = (
                f"{destination.backend} stands for {alias['spec'].get('externalName')} (ExternalName), which is no "
                f"Service, and no ServiceEntry has it, {destination.consequence}."
            )
            fix = "Create a ServiceEntry with that host, and name this host as the destination."
        elif target.service:
            message = f"{target.service} does not exist, {destination.consequence}."
            fix = "Create it, or correct the name."
        else:
            full = _full_host(target.named, context.cluster_domain)
            message = (
                f"{target.named} is the host of no Service and of no ServiceEntry (with a dot, Istio takes a host as "
                f"it is), {destination.consequence}."
            )
            fix = f"Write {full}." if full else "Create a ServiceEntry with exactly this host, or correct the name."
        yield destination.finding(message, fix)


def _full_host(host: str, cluster_domain: str) -> str | None:
    """What was meant by name.namespace or name.namespace.svc."""
    labels = host.split(".")
    is_short = len(labels) == 2 or (len(labels) == 3 and labels[2] == "svc")
    return f"{labels[0]}.{labels[1]}.svc.{cluster_domain}" if is_short else None


def port_missing(context: Context) -> Iterator[Finding]:
    for destination in destinations(context):
        backend, lacking = destination.backend, _ports_lacking(context, destination)
        if not lacking:
            continue
        listed = ", ".join(map(str, lacking))
        message = f"{backend} does not have port {listed}, {destination.consequence}."
        if not destination.number:
            message = (
                f"{backend} has several ports, and the route names none, so istiod takes the gateway's own ({listed}), "
                f"which it does not have, {destination.consequence}."
            )
        numbers = ", ".join(str(port["number"]) for port in backend.ports) or "none"
        yield destination.finding(message, f"Give one of its ports: {numbers}.")


def _ports_lacking(context: Context, destination: Destination) -> list[int]:
    """The ports to which requests go and that the back end does not have; without one in the route, the listener's."""
    if destination.backend.live is None:
        return []
    numbers = [destination.number] if destination.number else port_numbers(context, destination)
    return [number for number in numbers if not destination.backend.port(number)]


def wrong_protocol(context: Context) -> Iterator[Finding]:
    for destination in destinations(context):
        if destination.target.protocol == "tls" and {"SIMPLE", "MUTUAL"}.intersection(_tls_modes(context, destination)):
            message = (
                f"the gateway passes TLS on to {destination.backend}, and a DestinationRule for its host makes the "
                "gateway speak TLS by itself: it gets TLS within TLS, and breaks the connection."
            )
            fix = "Leave trafficPolicy.tls out of the DestinationRule, or end TLS at the gateway."
            yield destination.finding(message, fix)
        port = destination.backend.port(destination.number) if destination.number else None
        if port is None or destination.target.protocol != "http":
            continue
        protocol, at = protocol_of(port), f"port {port['number']} of {destination.backend}"
        if protocol in _NOT_HTTP:
            message = f"{at} is declared as {protocol}, and the route sends it HTTP requests."
            fix = "Correct the port's appProtocol or name (http, http2, grpc, ...), or the port."
            yield destination.finding(message, fix)
        elif speaks_tls(port) and not _is_encrypted(context, destination):
            message = (
                f"{at} is for TLS ({protocol}), and no DestinationRule makes the gateway speak TLS to it, so the "
                "answer is 400 or 503."
            )
            fix = "Create a DestinationRule for its host with trafficPolicy.tls.mode SIMPLE, or use a port for HTTP."
            yield destination.finding(message, fix)


def _is_encrypted(context: Context, destination: Destination) -> bool:
    """Whether the gateway speaks TLS to a destination, or may: what is not known is not blamed."""
    if context.cluster_state.destination_rules is None:
        return True
    named = destination.target.subset
    if named and not any(named in subsets(rules) for rules in _rules_for(context, destination)):
        return True  # who knows what the subset says that is missing
    return not {None, "DISABLE"}.issuperset(_tls_modes(context, destination))


def _tls_modes(context: Context, destination: Destination) -> set[str | None]:
    """How the gateway speaks to a destination, as each group of its pods gets the rules."""
    if context.cluster_state.destination_rules is None or destination.backend.live is None:
        return set()
    subset, number = destination.target.subset, destination.number
    return {tls_mode(rules, subset, number) for rules in _rules_for(context, destination)}


def _rules_for(context: Context, destination: Destination) -> Iterator[list[Manifest]]:
    """The DestinationRules of a destination, as each group of the gateway's pods gets them."""
    live = destination.backend.live
    namespace = live["metadata"]["namespace"] if live else None
    for pods_namespace in context.pods_namespaces:
        yield destination_rules(context.analysis).of(destination.backend.host, namespace, pods_namespace)


def subset_missing(context: Context) -> Iterator[Finding]:
    if context.cluster_state.destination_rules is None:
        return
    for destination in destinations(context):
        name = destination.target.subset
        if not name or destination.backend.live is None:
            continue
        for rules in _rules_for(context, destination):
            if name in subsets(rules):
                continue
            host = destination.backend.host
            message = f"no DestinationRule for {host} has a subset '{name}', {destination.consequence}."
            fix = "Create it first, or correct the name."
            elsewhere = [rule for rule in destination_rules(context.analysis).anywhere(host) if name in subsets([rule])]
            if elsewhere:
                at = elsewhere[0]["metadata"]
                message = (
                    f"DestinationRule {at['namespace']}/{at['name']} has the subset '{name}' of {host}, but the "
                    f"gateway does not get it, or another rule comes first, {destination.consequence}."
                )
                fix = "Put it into the Service's namespace, with exportTo for the gateway's namespace."
            yield destination.finding(message, fix)
            break


@once
def destination_rules(analysis: Analysis) -> DestinationRules:
    """The DestinationRules that there will be."""
    written = {at: rule for at, rule in analysis.written.items() if at.kind == "DestinationRule"}
    live = [
        rule
        for rule in analysis.cluster_state.destination_rules or ()
        if (rule["metadata"]["namespace"], rule["metadata"]["name"]) not in {(at.namespace, at.name) for at in written}
    ]
    return DestinationRules([*written.values(), *live], analysis.cluster_state.settings, analysis.cluster_domain)


def not_visible(context: Context) -> Iterator[Finding]:
    """A Service that istiod does not give to the gateway."""
    settings, labels = context.cluster_state.settings, context.cluster_state.namespace_labels
    for destination in destinations(context):
        live = destination.backend.alias or destination.backend.live
        if live is None:
            continue
        namespace, every = live["metadata"]["namespace"], (live, *destination.backend.more)
        if namespace in labels and not is_discovered(labels[namespace], settings):
            message = (
                f"the mesh's discoverySelectors leave out namespace {namespace}, so istiod does not see "
                f"{destination.backend}, {destination.consequence}."
            )
            yield destination.finding(message, "Label the namespace as one of these selectors says.")
        for pods_namespace in context.pods_namespaces:
            if not any(is_service_visible(each, pods_namespace, settings) for each in every):
                export_to = ", ".join(service_export_to(live, settings))
                says = f"its annotation {EXPORT_TO} says {export_to}"
                if live["kind"] != "Service":
                    says = f"its exportTo says {export_to}"
                elif EXPORT_TO not in (live["metadata"].get("annotations") or {}):
                    says = f"the mesh's defaultServiceExportTo says {export_to}"
                message = (
                    f"{destination.backend} is not for namespace {pods_namespace}, where the gateway's pods are "
                    f"({says}), {destination.consequence}."
                )
                yield destination.finding(message, f"Add {pods_namespace} there.")
                break


def without_endpoints(context: Context) -> Iterator[Finding]:
    """A Service, or a subset of it, with nothing that takes requests."""
    for destination in destinations(context):
        what = None if _ports_lacking(context, destination) else destination.nothing_behind
        passing_on = None if what else _passing_on(context, destination)
        if what:
            is_service = destination.backend.live is None or destination.backend.live["kind"] == "Service"
            yield destination.finding(f"{what}, {destination.consequence}.", _START if is_service else _RESOLVE)
        elif passing_on:
            message = (
                f"{ref(passing_on)} has the load balancer PASSTHROUGH, with which sidecars send requests to the "
                f"address that their application asked for; a gateway has no such address, {destination.consequence}."
            )
            yield destination.finding(message, "Use another one there, such as LEAST_REQUEST, or leave it out.")
        elif destination.target.subset and context.cluster_state.destination_rules is not None:
            for rules in _rules_for(context, destination):
                labels = subsets(rules).get(destination.target.subset)
                if labels and destination.has_no_pod_with(labels):
                    selected = ", ".join(f"{key}={value}" for key, value in labels.items())
                    what = "pod" if destination.slices is not None else "endpoint"
                    message = (
                        f"no {what} behind {destination.backend} has the labels {selected} of subset "
                        f"'{destination.target.subset}', {destination.consequence}."
                    )
                    yield destination.finding(message, "Correct the subset's labels, or start such pods.")
                    break


def _passing_on(context: Context, destination: Destination) -> Manifest | None:
    """The DestinationRule with which a gateway would have to know the address that a client asked for."""
    if context.cluster_state.destination_rules is None or destination.backend.live is None:
        return None
    for rules in _rules_for(context, destination):
        if load_balancing(rules, destination.target.subset, destination.number) == "PASSTHROUGH":
            return rules[0]
    return None


_START = "Start its pods, or correct its selector."
_RESOLVE = "Give it the resolution DNS, or STATIC with endpoints, or correct its workloadSelector."
