# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Secrets that servers name, and certificates that are good for hosts of several servers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache

from ansible_collections.gatehouse.istio.plugins.module_utils._credential import Credential
from ansible_collections.gatehouse.istio.plugins.module_utils._finding import Finding
from ansible_collections.gatehouse.istio.plugins.module_utils._listeners import Listeners, Server, Workload
from ansible_collections.gatehouse.istio.plugins.module_utils._objects import Ref
from ansible_collections.gatehouse.istio.plugins.module_utils._scene import Scene, Site, secret_at
from ansible_collections.gatehouse.istio.plugins.module_utils._surroundings import Surroundings
from ansible_collections.gatehouse.istio.plugins.module_utils._tls import covers

_SOON = timedelta(days=7)
_WHERE = "tls.credential_name"
_Ordered = tuple[tuple[Ref, tuple[str, ...]], ...]


def check(scene: Scene) -> Iterator[Finding]:
    for site in scene.sites:
        yield from _secrets(scene, site)
        yield from _on_two_servers(scene, site)


def _secrets(scene: Scene, site: Site) -> Iterator[Finding]:
    for at, server in _my_secrets(scene, site):
        if at in scene.around.credentials and at not in dict(_ordered(scene)):
            yield from _secret(scene, at, scene.around.credentials[at], server)


def _my_secrets(scene: Scene, site: Site) -> Iterator[tuple[Ref, Server]]:
    for server in site.after.servers:
        at = secret_at(site.workload, server.credential) if server.credential else None
        if at and scene.is_mine(server):
            yield at, server


def _secret(scene: Scene, at: Ref, found: Credential | None, server: Server) -> Iterator[Finding]:
    objects = (str(at), f"Gateway {server.gateway}")
    hosts = ", ".join(server.names)
    lost = f"so TLS connections for {hosts} are reset"
    if found is None:
        message = f"there is no {at}, where Istio looks for the certificate (beside the gateway's pods), {lost}."
        yield Finding("secret-missing", objects, _WHERE, message, "Create it, or correct the name.")
    elif not found.has_pair:
        keys = ", ".join(sorted(found.keys)) or "none"
        message = f"{at} has not the keys tls.crt and tls.key (it has {keys}), {lost}."
        yield Finding("secret-unusable", objects, _WHERE, message, "Put the certificate and its key there.")
    elif found.problem:
        message = f"in {at}, {found.problem}; Envoy refuses it, {lost}."
        yield Finding("secret-unusable", objects, _WHERE, message, "Put a certificate and its own key there.")
    else:
        yield from _validity(scene, at, found, server)


def _validity(scene: Scene, at: Ref, found: Credential, server: Server) -> Iterator[Finding]:
    objects = (str(at), f"Gateway {server.gateway}")
    if found.not_after is not None:
        left = found.not_after - scene.around.now
        day = f"{found.not_after:%Y-%m-%d}"
        renew = "Renew it."
        if left <= timedelta():
            message = f"the certificate in {at} was valid until {day}, so clients refuse it."
            yield Finding("certificate-expired", objects, _WHERE, message, renew)
        elif left < _SOON:
            message = f"the certificate in {at} is valid until {day} only."
            yield Finding("certificate-expires-soon", objects, _WHERE, message, renew)
    uncovered = [host for host in server.names if host != "*" and not any(covers(n, host) for n in found.names or ())]
    if found.names is not None and uncovered:
        message = (
            f"the certificate in {at} is for {', '.join(found.names) or 'no host at all'}, so clients of "
            f"{', '.join(uncovered)} refuse it."
        )
        fix = "Use a certificate with these hosts among its names."
        yield Finding("host-not-in-certificate", objects, scene.host_option(uncovered[0]), message, fix)


def _on_two_servers(scene: Scene, site: Site) -> Iterator[Finding]:
    """One connection may be used for all hosts of its certificate, and Envoy knows only its own server's."""
    before = {
        (first.gateway, second.gateway, host) for first, second, host in _reused(scene, site.workload, site.before)
    }
    reported = set()
    for first, second, host in _reused(scene, site.workload, site.after):
        pair = frozenset((first.gateway, first.index, second.gateway, second.index))
        if pair in reported:
            continue
        reported.add(pair)
        mine, other = (first, second) if scene.is_mine(first) else (second, first)
        was_so = (first.gateway, second.gateway, host) in before
        message = (
            f"the certificate of {first} ({', '.join(first.names)}) is valid for {host}, too, which {second} serves at "
            "the same address and port. Browsers use one HTTP/2 connection for both, and Envoy answers with the routes "
            "of the server for which it was opened: 404, or another back end."
        )
        fix = (
            "Serve all hosts of one certificate by one server: one exposure with all the hosts, or one Gateway that "
            "exposures share (gateway.shared); or give each its own certificate."
        )
        objects = (f"Gateway {first.gateway}", f"Gateway {second.gateway}")
        settled = was_so and scene.came_first(mine.gateway, other.gateway)
        yield Finding("certificate-on-two-servers", objects, _WHERE, message, fix, settled)


def _reused(scene: Scene, workload: Workload, seen: Listeners) -> Iterator[tuple[Server, Server, str]]:
    """A server whose certificate is good for a host of another one at the same place, and the host; one is mine."""
    for first, second, host in _all_reused(scene.around, _ordered(scene), workload, seen):
        if scene.is_mine(first) or scene.is_mine(second):
            yield first, second, host


@lru_cache(maxsize=100)
def _all_reused(
    around: Surroundings, ordered: _Ordered, workload: Workload, seen: Listeners
) -> tuple[tuple[Server, Server, str], ...]:
    """Remembered, as it is the same for all exposures on these pods."""
    by_name: dict[str, dict[int, None]] = {}
    for index, server in enumerate(seen.servers):
        for key in _keys(server):
            by_name.setdefault(key, {})[index] = None
    found = []
    for first in seen.servers:
        names = _names(around, dict(ordered), workload, first) if first.ends_https and first.credential else ()
        # With a certificate that is not known, only servers of the same one are known to share it.
        wanted = (f"credential {first.credential}",) if names is None else names
        for index in sorted({index for name in wanted for index in by_name.get(name, ())}):
            host = _reused_for(first, names, seen.servers[index])
            if host:
                found.append((first, seen.servers[index], host))
    return tuple(found)


def _keys(server: Server) -> Iterator[str]:
    """By what a server is found: its hosts, the wildcards that are good for them, and its certificate."""
    yield f"credential {server.credential}"
    for host in server.names:
        yield host
        yield f"*.{host.partition('.')[2]}"


def _reused_for(first: Server, names: tuple[str, ...] | None, second: Server) -> str | None:
    """The host of the second server for which clients would use a connection to the first one."""
    # Other TLS servers are for clients that speak no HTTP, and so share no connections.
    is_for_https = second.ends_https or second.passes_through
    if first is second or not is_for_https or second.place != first.place:
        return None
    for host in second.names:
        if host != "*" and host not in first.names and (names is None or any(covers(name, host) for name in names)):
            return host
    return None


def _ordered(scene: Scene) -> _Ordered:
    """The Secrets for which the exposure itself orders a certificate, and for which names."""
    found = ((entry["metadata"]["namespace"], entry["spec"]) for entry in scene.mine if entry["kind"] == "Certificate")
    return tuple(
        (Ref("Secret", namespace, spec["secretName"]), tuple(spec.get("dnsNames") or ()))
        for namespace, spec in found
        if spec.get("secretName")
    )


def _names(
    around: Surroundings, ordered: Mapping[Ref, tuple[str, ...]], workload: Workload, server: Server
) -> tuple[str, ...] | None:
    """For what a server's certificate is valid; None if that is not known."""
    at = secret_at(workload, server.credential or "")
    if at is None:
        return None
    if at in ordered:
        return ordered[at]
    found = around.credentials.get(at)
    return found.names if found else None
