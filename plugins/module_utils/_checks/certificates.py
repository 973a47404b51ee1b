# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: the Secrets that servers name, and certificates that are good for hosts of several servers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from .._istio.config import Site, View, secret_at
from .._istio.connection_reuse import Reuse, connections
from .._istio.indexes import once
from .._istio.listeners import Server
from .._istio.tls_secret import Credential
from .._kubernetes.objects import Ref
from .._options.tls import covering
from .context import Scene
from .finding import Finding

_SOON = timedelta(days=7)
_WHERE = "tls.credential_name"


def check(scene: Scene) -> Iterator[Finding]:
    for site in scene.sites:
        yield from _secrets(scene, site)
        yield from _on_two_servers(scene, site)


def _secrets(scene: Scene, site: Site) -> Iterator[Finding]:
    for gateway in scene.my_gateways:
        for at, server in _faulty(site.after).get(gateway, []):
            yield from _secret(site.after, at, server, scene.host_option)


@once
def _faulty(view: View) -> dict[str, list[tuple[Ref, Server]]]:
    """The Secrets of each Gateway's servers about which there is something to say."""
    found: dict[str, list[tuple[Ref, Server]]] = {}
    for server in view.listeners.servers:
        at = secret_at(view.workload, server.credential) if server.credential else None
        if at and any(_secret(view, at, server, str)):
            found.setdefault(server.gateway, []).append((at, server))
    return found


def _secret(view: View, at: Ref, server: Server, host_option: Callable[[str], str]) -> Iterator[Finding]:
    if at not in view.around.credentials or at in view.ordered:
        return  # it may not be read, or cert-manager is about to write it
    found = view.around.credentials[at]
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
        yield from _validity(view, at, server, found)
        yield from _coverage(at, server, found, host_option)


def _validity(view: View, at: Ref, server: Server, found: Credential) -> Iterator[Finding]:
    objects = (str(at), f"Gateway {server.gateway}")
    if found.not_after is not None:
        left = found.not_after - view.around.now
        day = f"{found.not_after:%Y-%m-%d}"
        renew = "Renew it."
        if left <= timedelta():
            message = f"the certificate in {at} was valid until {day}, so clients refuse it."
            yield Finding("certificate-expired", objects, _WHERE, message, renew)
        elif left < _SOON:
            message = f"the certificate in {at} is valid until {day} only."
            yield Finding("certificate-expires-soon", objects, _WHERE, message, renew)


def _coverage(at: Ref, server: Server, found: Credential, host_option: Callable[[str], str]) -> Iterator[Finding]:
    names = frozenset(found.names or ())
    uncovered = [host for host in server.names if host != "*" and names.isdisjoint(covering(host))]
    if found.names is not None and uncovered:
        message = (
            f"the certificate in {at} is for {', '.join(found.names) or 'no host at all'}, so clients of "
            f"{', '.join(uncovered)} refuse it."
        )
        fix = "Use a certificate with these hosts among its names."
        objects = (str(at), f"Gateway {server.gateway}")
        yield Finding("host-not-in-certificate", objects, host_option(uncovered[0]), message, fix)


def _on_two_servers(scene: Scene, site: Site) -> Iterator[Finding]:
    """One connection may be used for all hosts of its certificate, and Envoy knows only its own server's."""
    reported = set()
    for one in [one for gateway in scene.my_gateways for one in _told(site, gateway)]:
        first, second = one.first, one.second
        pair = frozenset(one.places)
        if pair in reported:
            continue
        reported.add(pair)
        mine = first.gateway if scene.is_mine(first) else second.gateway
        message = (
            f"the certificate of {first} ({', '.join(first.names)}) is valid for {one.host}, too, which {second} "
            "serves at the same address and port. Browsers use one HTTP/2 connection for both, and Envoy answers with "
            "the routes of the server for which it was opened: 404, or another back end."
        )
        fix = (
            "Serve all hosts of one certificate by one server: one exposure with all the hosts, or one Gateway that "
            "exposures share (gateway.shared); or give each its own certificate."
        )
        objects = (f"Gateway {first.gateway}", f"Gateway {second.gateway}")
        settled = _is_settled(site, mine, one)
        yield Finding("certificate-on-two-servers", objects, _WHERE, message, fix, settled)


def _told(site: Site, gateway: str) -> list[Reuse]:
    """Worked out once for all exposures of a shared Gateway."""
    if gateway not in site.memory:
        site.memory[gateway] = connections(site.after).of(gateway, lambda one: _is_settled(site, gateway, one))
    found: list[Reuse] = site.memory[gateway]
    return found


def _is_settled(site: Site, mine: str, one: Reuse) -> bool:
    """Whether it was so before, and my Gateway came first."""
    first, second = one.first.gateway, one.second.gateway
    if not site.before.state.came_first(mine, second if first == mine else first):
        return False
    return site.before is site.after or one.host in connections(site.before).hosts(first, second)
