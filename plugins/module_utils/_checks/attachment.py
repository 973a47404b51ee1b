# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices and the Gateways that they name. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._analysis.context import Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadConfig
from .._istio.hosts import ends_istiod, without_namespace
from .._istio.indexes import once
from .._kubernetes.objects import Manifest
from .._mesh.names import full_name, gateway_names, is_for_mesh, service_at
from .._mesh.visibility import export_to_of, is_discovered, is_visible

_WHERE = "gateway.existing"


def gateway_missing(context: Context) -> Iterator[Finding]:
    for entry, name in _missing(context):
        if not _of_other_namespaces(context, entry, name):
            namespace, _slash, own = name.partition("/")
            message = (
                f"VirtualService {full_name(entry)} names Gateway {name}, which does not exist, so its hosts get 404."
            )
            similar = context.after.full_names.get(own) or [
                full_name(gateway)
                for gateway in context.after.gateways
                if gateway["metadata"]["namespace"] == namespace
            ]
            fix = f"Create it, or correct the name; there are {', '.join(similar[:3])}." if similar else "Create it."
            yield Finding((f"VirtualService {full_name(entry)}",), _WHERE, message, fix)


def gateway_without_namespace(context: Context) -> Iterator[Finding]:
    for entry, name in _missing(context):
        elsewhere = _of_other_namespaces(context, entry, name)
        if elsewhere:
            namespace, _slash, own = name.partition("/")
            message = (
                f"VirtualService {full_name(entry)} names Gateway '{own}' without a namespace, so Istio looks for "
                f"it in {namespace}, where it does not exist, and its hosts get 404."
            )
            yield Finding((f"VirtualService {full_name(entry)}",), _WHERE, message, f"Write {' or '.join(elsewhere)}.")


def _missing(context: Context) -> Iterator[tuple[Manifest, str]]:
    """The Gateways that the exposure's VirtualServices name, also in matches, and that do not exist."""
    for entry in context.my_virtual_services:
        for name, gateway in context.named_gateways(entry).items():
            if gateway is None and name not in context.cluster_state.unknown_gateways:
                yield entry, name


def _of_other_namespaces(context: Context, entry: Manifest, name: str) -> list[str]:
    """The Gateways of the same name elsewhere, if a Gateway is looked for in the VirtualService's own namespace."""
    namespace, _slash, own = name.partition("/")
    return context.after.full_names.get(own, []) if namespace == entry["metadata"]["namespace"] else []


def gateway_ends_istiod(context: Context) -> Iterator[Finding]:
    """istiod ends with a panic, and again whenever it is started, while a Gateway's hosts are in this order."""
    for change in context.workload_changes:
        before = {name for name, _host in _ending(change.before)}
        for name, host in _ending(change.after):
            message = (
                f"Gateway {name} has the host {host} after */*, with which istiod ends, whenever it is started: from "
                "then on, no change reaches any gateway, and pods that start serve nothing."
            )
            preexisting = name in before and name not in context.gateway_names
            yield Finding((f"Gateway {name}",), _WHERE, message, "Write * instead of */* there.", preexisting)


@once
def _ending(workload_config: WorkloadConfig) -> list[tuple[str, str]]:
    return [
        (full_name(gateway), host)
        for gateway in workload_config.config.gateways_for(workload_config.workload)
        for server in gateway["spec"].get("servers") or []
        if (host := ends_istiod(server))
    ]


def host_not_on_gateway(context: Context) -> Iterator[Finding]:
    for entry in context.my_virtual_services:
        names = gateway_names(entry)
        known = [gateway for gateway in map(context.after.gateway, names) if gateway]
        # What a Gateway serves that may not be read is not known.
        if known and not context.cluster_state.unknown_gateways.intersection(names):
            for host in entry["spec"].get("hosts") or []:
                if not (is_for_mesh(entry) and _is_of_mesh(context, host)):
                    yield from _host_not_on(context, entry, known, host)


def host_without_domain(context: Context) -> Iterator[Finding]:
    """A name without a dot is a Service's: gateways get its full form, which nobody asks for."""
    for entry in context.my_virtual_services:
        written = context.analysis.as_written.get(full_name(entry), entry)
        hosts = (written["spec"].get("hosts") or []) if gateway_names(entry) and not is_for_mesh(entry) else []
        for index, host in enumerate(hosts):
            full = entry["spec"]["hosts"][index]
            if host != full:
                message = (
                    f"VirtualService {full_name(entry)} has the host '{host}', which Istio completes to {full}; "
                    f"requests for http://{host}/ get 404."
                )
                fix = "Write the full name, such as shop.example.com."
                yield Finding((f"VirtualService {full_name(entry)}",), context.host_option(full), message, fix)


def _is_of_mesh(context: Context, host: str) -> bool:
    """Whether sidecars have it: a Service's host, or that of a ServiceEntry."""
    entries = context.cluster_state.service_entries or ()
    return service_at(host, context.cluster_domain) is not None or any(
        host in (entry["spec"].get("hosts") or []) for entry in entries
    )


def _host_not_on(context: Context, entry: Manifest, gateways: list[Manifest], host: str) -> Iterator[Finding]:
    namespace = entry["metadata"]["namespace"]
    hosts_of = [context.after.hosts_of(full_name(gateway)) for gateway in gateways]
    meeting = [server_host for hosts in hosts_of for _narrower, (server_host, _index) in hosts.meeting(host)]
    if any(server_host.rpartition("/")[0] in ("", namespace) for server_host in meeting):
        return
    names = [f"Gateway {full_name(gateway)}" for gateway in gateways]
    reserved = [server_host for server_host in meeting if without_namespace(server_host) == host]
    why = f"; it is reserved for another namespace than {namespace} ({reserved[0]})" if reserved else ""
    similar = [name for gateway in gateways for name in _in_other_letters(gateway, host)]
    why = f"{why}; Istio takes {similar[0]} for another one, as its letters differ" if similar else why
    message = f"no server of {' and '.join(names)} has the host {host}{why}, so requests for it get 404."
    fix = f"Add it to the servers' hosts there, or correct {_WHERE}."
    yield Finding((f"VirtualService {full_name(entry)}", *names), context.host_option(host), message, fix)


def _in_other_letters(gateway: Manifest, host: str) -> list[str]:
    """The hosts of a Gateway that differ from a host only in upper and lower case."""
    hosts = [name for server in gateway["spec"].get("servers") or [] for name in server.get("hosts") or []]
    return [name for name in map(without_namespace, hosts) if name != host and name.lower() == host.lower()]


def not_exported(context: Context) -> Iterator[Finding]:
    settings = context.cluster_state.settings
    for entry in context.my_virtual_services:
        namespaces = {change.workload.namespace for change in context.workload_changes}
        hidden_from = sorted(name for name in namespaces if name is not None and not is_visible(entry, name, settings))
        if hidden_from:
            name, export_to = f"VirtualService {full_name(entry)}", ", ".join(export_to_of(entry, settings))
            says = f"has exportTo [{export_to}]"
            if not entry["spec"].get("exportTo"):
                says = f"has no exportTo, for which the mesh's defaultVirtualServiceExportTo says [{export_to}]"
            message = (
                f"{name} {says}, which leaves out namespace {hidden_from[0]}, where the gateway's "
                "pods are; its hosts get 404."
            )
            yield Finding((name,), "export_to", message, f"Add '{hidden_from[0]}' or '*' to its exportTo.")


def not_discovered(context: Context) -> Iterator[Finding]:
    """istiod's discoverySelectors leave out whole namespaces, and all that is in them."""
    labels = context.cluster_state.namespace_labels
    for entry in (*context.my_virtual_services, *context.gateways):
        namespace = entry["metadata"]["namespace"]
        if namespace in labels and not is_discovered(labels[namespace], context.cluster_state.settings):
            name = f"{entry['kind']} {full_name(entry)}"
            message = (
                f"the mesh's discoverySelectors leave out namespace {namespace}, so istiod does not see {name}, and "
                "its hosts get 404."
            )
            yield Finding((name,), "namespace", message, "Label the namespace as one of these selectors says.")
