# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Secrets that servers name, and certificates that are valid for hosts of several servers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from .._istio.config import WorkloadChange, WorkloadConfig, secret_at
from .._istio.connection_reuse import Reuse, connections
from .._istio.hosts import covering_names
from .._istio.indexes import once
from .._istio.listeners import Server
from .._istio.tls_secret import TlsSecret
from .._kubernetes.objects import Ref
from .context import Context
from .finding import Finding

_SOON = timedelta(days=7)
_WHERE = "tls.credential_name"


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
    def uncovered(self) -> list[str]:
        """The server's hosts that the certificate is not valid for, as far as its names are known."""
        if self.secret is None or self.secret.names is None:
            return []
        names = frozenset(self.secret.names)
        return [host for host in self.server.names if host != "*" and names.isdisjoint(covering_names(host))]


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
        if use.is_readable and use.secret and use.uncovered:
            names = ", ".join(use.secret.names or ()) or "no host at all"
            message = f"the certificate in {use.at} is for {names}, so clients of {', '.join(use.uncovered)} refuse it."
            fix = "Use a certificate with these hosts among its names."
            yield Finding(use.objects, context.host_option(use.uncovered[0]), message, fix)


@once
def _uses(context: Context) -> list[_Use]:
    """The Secrets of the exposure's servers, as far as they are known and something may be wrong with them."""
    return [
        use
        for change in context.workload_changes
        for gateway in context.my_gateways
        for use in _faulty_uses(change.after).get(gateway, ())
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
    for server in workload_config.listeners.servers:
        at = secret_at(workload_config.workload, server.credential) if server.credential else None
        # A Secret that may not be read is not known; one that cert-manager is about to write is not there yet.
        if at and at in secrets and at not in workload_config.requested_certificates:
            use = _Use(server, at, secrets[at])
            not_after = use.secret.not_after if use.secret else None
            expires = not_after is not None and not_after - workload_config.cluster_state.now < _SOON
            if not use.is_readable or expires or use.uncovered:
                by_gateway.setdefault(server.gateway, []).append(use)
    return by_gateway


def on_two_servers(context: Context) -> Iterator[Finding]:
    """Clients use one connection for all hosts of its certificate, and Envoy knows only one server's hosts there."""
    for change in context.workload_changes:
        reported = set()
        for reuse in [reuse for gateway in context.my_gateways for reuse in _reuses(change, gateway)]:
            pair = frozenset(reuse.places)
            if pair in reported:
                continue
            reported.add(pair)
            first, second = reuse.first, reuse.second
            mine = first.gateway if context.is_mine(first) else second.gateway
            message = (
                f"the certificate of {first} ({', '.join(first.names)}) is valid for {reuse.host}, too, which {second} "
                "serves at the same address and port. Browsers use one HTTP/2 connection for both, and Envoy answers "
                "with the routes of the server for which it was opened: 404, or another back end."
            )
            fix = (
                "Serve all hosts of one certificate by one server: one exposure with all the hosts, or one Gateway "
                "that exposures share (gateway.shared); or give each its own certificate."
            )
            objects = (f"Gateway {first.gateway}", f"Gateway {second.gateway}")
            yield Finding(objects, _WHERE, message, fix, _is_preexisting(change, mine, reuse))


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
    return change.before is change.after or reuse.host in connections(change.before).hosts(first, second)
