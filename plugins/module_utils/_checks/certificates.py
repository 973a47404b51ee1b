# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Secrets that servers name, and certificates that are valid for hosts of several servers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from .._analysis.context import Analysis, Context
from .._analysis.finding import Finding
from .._istio.config import WorkloadChange, WorkloadConfig, secret_at
from .._istio.connection_reuse import Reuse, connections
from .._istio.hosts import covering_names, is_within
from .._istio.indexes import once
from .._istio.listeners import Server
from .._istio.tls_secret import TlsSecret
from .._kubernetes.objects import Ref
from .._mesh.names import gateway_names

_SOON = timedelta(days=7)
_WHERE = "tls.credential_name"
_HTTPS = 443


@dataclass(frozen=True)
class _Use:
    """A server, and the Secret that it names; secret is None if that does not exist."""

    server: Server
    at: Ref
    secret: TlsSecret | None

    @property
    def objects(self) -> tuple[str, ...]:
        return str(self.at), f"Gateway {self.server.gateway}"

    @property
    def consequence(self) -> str:
        return f"so TLS connections for {', '.join(self.server.names)} are reset"

    @property
    def is_readable(self) -> bool:
        """Whether the Secret holds a certificate that Envoy accepts."""
        return self.secret is not None and self.secret.has_pair and not self.secret.problem

    @property
    def may_not_cover(self) -> bool:
        """Whether a client of its hosts may refuse the certificate; a wildcard stands for hosts that others route."""
        return any(name.startswith("*") for name in self.server.names) or bool(self.uncovered(self.server.names))

    def uncovered(self, hosts: Iterable[str]) -> list[str]:
        """The hosts that the certificate is not valid for, as far as its names are known."""
        if self.secret is None or self.secret.names is None:
            return []
        names = frozenset(self.secret.names)
        return [host for host in hosts if host != "*" and names.isdisjoint(covering_names(host.lower()))]


def secret_missing(context: Context) -> Iterator[Finding]:
    for use in _uses(context):
        if use.secret is None:
            message = (
                f"{use.at} does not exist, and there, in the namespace of the gateway's pods, Istio looks for the "
                f"certificate, {use.consequence}."
            )
            yield Finding(use.objects, _WHERE, message, "Create it, or correct the name.")


def secret_unusable(context: Context) -> Iterator[Finding]:
    for use in _uses(context):
        if use.secret is not None and not use.secret.has_pair:
            keys = ", ".join(sorted(use.secret.keys)) or "none"
            message = f"{use.at} lacks the keys tls.crt and tls.key (its keys: {keys}), {use.consequence}."
            yield Finding(use.objects, _WHERE, message, "Put the certificate and its key there.")
        elif use.secret is not None and use.secret.problem:
            message = f"in {use.at}, {use.secret.problem}; Envoy refuses it, {use.consequence}."
            yield Finding(use.objects, _WHERE, message, "Put a certificate and its own key there.")


def client_ca_missing(context: Context) -> Iterator[Finding]:
    """With mode MUTUAL, Envoy waits for the CA of the clients' certificates, and serves nobody until it has one."""
    for change in context.workload_changes:
        workload_config = change.after
        for gateway in context.gateway_names:
            for server in _servers_with_ca(workload_config).get(gateway, ()):
                problem = ca_problem(context.analysis, workload_config, server) if context.concerns(server) else None
                if problem:
                    at = Ref("Secret", str(workload_config.workload.namespace), str(server.ca_credential))
                    message = (
                        f"{server} asks clients for certificates (tls.mode {str(server.mode).lower()}), which Envoy "
                        f"checks with the CA in {at}, {problem}; so TLS connections for {', '.join(server.names)} are "
                        "reset."
                    )
                    fix = "Put the CA's certificate there, with the key ca.crt, or give it with tls.client_ca.pem."
                    yield Finding((str(at), f"Gateway {server.gateway}"), "tls.client_ca", message, fix)


@once
def _servers_with_ca(workload_config: WorkloadConfig) -> dict[str, list[Server]]:
    by_gateway: dict[str, list[Server]] = {}
    for server in workload_config.listeners.servers:
        if server.ca_credential and server.has_tls:
            by_gateway.setdefault(server.gateway, []).append(server)
    return by_gateway


def ca_problem(analysis: Analysis, workload_config: WorkloadConfig, server: Server) -> str | None:
    """What is wrong with the CA of a server; None if nothing is, or if it is not known or about to be written."""
    at = secret_at(workload_config.workload, str(server.ca_credential))
    own = secret_at(workload_config.workload, str(server.credential))
    secrets = workload_config.cluster_state.tls_secrets
    if at is None or at not in secrets or at in analysis.written:
        return None
    secret = secrets[at]
    if secret is None:
        # istiod then takes the CA of the server's own Secret.
        if own in workload_config.requested_certificates:
            return "which does not exist (Istio would trust the issuer of the server's own certificate instead)"
        if own is None or own not in secrets:
            return None
        secret = secrets[own]
        if secret is None or not secret.has_ca:
            return "which does not exist"
    if not secret.has_ca:
        return f"which lacks the key ca.crt (its keys: {', '.join(sorted(secret.keys)) or 'none'})"
    return f"whose {secret.ca_problem}" if secret.ca_problem else None


def expired(context: Context) -> Iterator[Finding]:
    for use, left in _validities(context):
        if left <= timedelta():
            message = f"the certificate in {use.at} has expired ({_expiry(use)}), so clients refuse it."
            yield Finding(use.objects, _WHERE, message, "Renew it.")


def expires_soon(context: Context) -> Iterator[Finding]:
    for use, left in _validities(context):
        if timedelta() < left < _SOON:
            message = f"the certificate in {use.at} expires soon ({_expiry(use)})."
            yield Finding(use.objects, _WHERE, message, "Renew it.")


def host_not_covered(context: Context) -> Iterator[Finding]:
    for use in _uses(context):
        # All of a server's hosts count if nothing uses it.
        hosts = _hosts_at(context).get((use.server.gateway, use.server.index), use.server.names)
        uncovered = use.uncovered(hosts) if use.is_readable else []
        if use.secret and uncovered:
            names = ", ".join(use.secret.names or ()) or "no host at all"
            message = f"the certificate in {use.at} is for {names}, so clients of {', '.join(uncovered)} refuse it."
            fix = "Use a certificate with these hosts among its names."
            yield Finding(use.objects, context.host_option(uncovered[0]), message, fix)


@once
def _hosts_at(context: Context) -> dict[tuple[str, int], dict[str, None]]:
    """What the exposure serves at each server, by Gateway and index: of each two hosts the narrower one."""
    hosts: dict[tuple[str, int], dict[str, None]] = {}
    for entry in context.my_virtual_services:
        for name in filter(context.after.gateway, gateway_names(entry)):
            for host in entry["spec"].get("hosts") or []:
                for narrower, (server_host, index) in context.after.hosts_of(name).meeting(host):
                    if server_host.rpartition("/")[0] in ("", entry["metadata"]["namespace"]):
                        hosts.setdefault((name, index), {})[narrower] = None
    return hosts


@once
def _uses(context: Context) -> list[_Use]:
    """The Secrets of the exposure's servers, as far as they are known and something may be wrong with them."""
    return [
        use
        for change in context.workload_changes
        for gateway in context.gateway_names
        for use in _faulty_uses(change.after).get(gateway, ())
        if context.concerns(use.server)
    ]


def _validities(context: Context) -> Iterator[tuple[_Use, timedelta]]:
    """How long the certificates are still valid."""
    for use in _uses(context):
        if use.is_readable and use.secret and use.secret.not_after is not None:
            yield use, use.secret.not_after - context.cluster_state.now


def _expiry(use: _Use) -> str:
    return f"valid until {use.secret.not_after:%Y-%m-%d}" if use.secret else ""


@once
def _faulty_uses(workload_config: WorkloadConfig) -> dict[str, list[_Use]]:
    """By Gateway: the servers whose Secret is known and not entirely right. Found once for all exposures."""
    by_gateway: dict[str, list[_Use]] = {}
    secrets = workload_config.cluster_state.tls_secrets
    listeners = workload_config.listeners
    # Those of servers that istiod drops are wrong all the same.
    for server in (*listeners.servers, *(dropped.server for dropped in listeners.dropped)):
        at = secret_at(workload_config.workload, server.credential) if server.credential else None
        # A Secret that may not be read is not known; one that cert-manager is about to write is not there yet.
        if at and at in secrets and at not in workload_config.requested_certificates:
            use = _Use(server, at, secrets[at])
            not_after = use.secret.not_after if use.secret else None
            expires = not_after is not None and not_after - workload_config.cluster_state.now < _SOON
            if not use.is_readable or expires or use.may_not_cover:
                by_gateway.setdefault(server.gateway, []).append(use)
    return by_gateway


def on_two_servers(context: Context) -> Iterator[Finding]:
    """Clients use one connection for all hosts of its certificate, and Envoy knows only one server's hosts there."""
    for change in context.workload_changes:
        reported = set()
        for reuse in [reuse for gateway in context.gateway_names for reuse in _reuses(change, gateway)]:
            pair, first, second = frozenset(reuse.places), reuse.first, reuse.second
            if pair in reported or not (context.concerns(first) or context.concerns(second)):
                continue
            reported.add(pair)
            mine = first.gateway if context.concerns(first) else second.gateway
            message, fix = _words(reuse)
            objects = (f"Gateway {first.gateway}", f"Gateway {second.gateway}")
            preexisting = _is_preexisting(change, mine, reuse) or (
                not (context.is_mine(first) or context.is_mine(second)) and _was_before(change, reuse)
            )
            yield Finding(objects, _WHERE, message, fix, preexisting)


def _words(reuse: Reuse) -> tuple[str, str]:
    first, second, host = reuse.first, reuse.second, reuse.host
    message = (
        f"the certificate of {first} ({', '.join(first.names)}) is valid for {host}, too, which {second} serves at the "
        f"same address and port. A browser with a connection to the first one uses it for {host}, too, and Envoy "
        "answers with the routes of the server for which it was opened: 404, or another back end."
    )
    apart = "give each its own certificate"
    if second.passes_through:
        # One server cannot both end TLS and pass it through.
        apart = f"give {first} a certificate that is not valid for {host}, or use another gateway for one of the two"
        fixes = [apart]
    else:
        one = "one exposure with all the hosts, or one Gateway that exposures share (gateway.shared)"
        fixes = [f"serve all hosts of one certificate by one server ({one})", apart]
    if not host.startswith("*") and any(is_within(host, name.lower()) for name in first.names):
        authority = host if first.number == _HTTPS else f"{host}:{first.number}"
        away = (
            f"let {first} answer requests for {host} with 421, upon which browsers open a connection of their own: in "
            f"its exposure, a first route with match.authority.exact: {authority} and direct_response.status: 421"
        )
        fixes = [away, *fixes] if second.passes_through else [*fixes, away]
    text = "; or ".join(fixes)
    return message, f"{text[0].upper()}{text[1:]}."


def _reuses(change: WorkloadChange, gateway: str) -> list[Reuse]:
    """Worked out once for all exposures of a shared Gateway."""
    if gateway not in change.memory:
        change.memory[gateway] = connections(change.after).of(
            gateway, lambda reuse: _is_preexisting(change, gateway, reuse)
        )
    reuses: list[Reuse] = change.memory[gateway]
    return reuses


def _is_preexisting(change: WorkloadChange, mine: str, reuse: Reuse) -> bool:
    """Whether it was so before, and my Gateway is the older one."""
    first, second = reuse.first.gateway, reuse.second.gateway
    if not change.before.config.came_first(mine, second if first == mine else first):
        return False
    return _was_before(change, reuse)


def _was_before(change: WorkloadChange, reuse: Reuse) -> bool:
    if change.before is change.after:
        return True
    return reuse.host in connections(change.before).hosts(reuse.first.gateway, reuse.second.gateway)
