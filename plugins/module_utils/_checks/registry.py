# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""All checks: what each finds, and how bad that is. Pure.

A check is one function: the context of an exposure → findings. docs/findings.md has a section for each code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from .._analysis.context import Analysis, Context
from .._analysis.finding import ERROR, IGNORE, WARNING, Finding
from .._istio.cluster_state import ClusterState
from .._kubernetes.objects import ExposureKey, Manifest, Ref
from . import (
    attachment,
    certificates,
    connections,
    delegates,
    destinations,
    gateway_pods,
    gateway_services,
    hosts,
    issuers,
    matches,
    route_actions,
    route_kinds,
    routes,
)


@dataclass(frozen=True)
class Check:
    """One check.

    level holds unless the task sets another one. An error was seen to break with the real Envoy, see the integration
    test of findings. may_come: in check mode an earlier task of the play, which has changed nothing, may be about to
    put it right, so there it is at most a warning.
    """

    code: str
    level: str
    summary: str
    find: Callable[[Context], Iterable[Finding]]
    may_come: bool = False


def _behind_wider(context: Context) -> Iterator[Finding]:
    yield from routes.hidden(context)
    yield from matches.hidden_connections(context)


CHECKS = (
    Check("host-served-twice", ERROR, "Another Gateway has the host at the same port.", hosts.served_twice),
    Check("port-taken", ERROR, "Another Gateway uses the port for another protocol.", hosts.port_taken),
    Check("sni-twice", ERROR, "Envoy cannot tell two servers or rules apart.", hosts.sni_twice),
    Check(
        "certificate-on-two-servers",
        ERROR,
        "A certificate is valid for hosts of two servers, and browsers reuse connections.",
        certificates.on_two_servers,
    ),
    Check("gateway-ends-istiod", ERROR, "istiod ends because of a Gateway.", attachment.gateway_ends_istiod),
    Check("gateway-missing", ERROR, "The Gateway does not exist.", attachment.gateway_missing, may_come=True),
    Check(
        "host-not-on-gateway",
        ERROR,
        "The Gateway does not have the VirtualService's host.",
        attachment.host_not_on_gateway,
        may_come=True,
    ),
    Check("host-without-domain", ERROR, "Istio completes a host.", attachment.host_without_domain),
    Check(
        "no-route-for-host",
        ERROR,
        "The Gateway's server for a host uses none of the VirtualService's routes.",
        route_kinds.no_route_for_host,
        may_come=True,
    ),
    Check("routes-shadowed", ERROR, "Another VirtualService takes the requests of a route.", routes.shadowed),
    Check("route-behind-wider", ERROR, "An earlier route takes a route's requests.", _behind_wider),
    Check("redirect-loop", ERROR, "A route redirects requests to where they come from.", routes.redirect_loop),
    Check("host-redirected", ERROR, "Another server redirects the host to HTTPS.", routes.redirected),
    Check("server-shadowed", ERROR, "A server with a narrower name takes a host's connections.", hosts.shadowed),
    Check(
        "connections-shadowed",
        ERROR,
        "Another VirtualService takes the TCP or TLS connections.",
        connections.shadowed,
    ),
    Check(
        "secret-unusable",
        ERROR,
        "The Secret holds no usable certificate and key.",
        certificates.secret_unusable,
        may_come=True,
    ),
    Check(
        "client-ca-missing",
        ERROR,
        "There is no CA to check clients' certificates with.",
        certificates.client_ca_missing,
        may_come=True,
    ),
    Check("secret-missing", WARNING, "The Secret does not exist.", certificates.secret_missing, may_come=True),
    Check("certificate-expired", WARNING, "The certificate has expired.", certificates.expired),
    Check("certificate-expires-soon", WARNING, "The certificate expires within a week.", certificates.expires_soon),
    Check(
        "host-not-in-certificate", WARNING, "The certificate is not valid for a host.", certificates.host_not_covered
    ),
    Check(
        "no-gateway-pods",
        WARNING,
        "The selector matches no pod of a gateway.",
        gateway_pods.no_pods,
        may_come=True,
    ),
    Check("several-gateways", WARNING, "The selector matches several gateways.", gateway_pods.several_gateways),
    Check("gateway-not-injected", WARNING, "A gateway's pod was not injected.", gateway_pods.not_injected),
    Check("gateway-out-of-scope", WARNING, "The Gateway is not in its pods' namespace.", gateway_pods.out_of_scope),
    Check(
        "gateway-without-namespace",
        WARNING,
        "A Gateway of another namespace is named without it.",
        attachment.gateway_without_namespace,
        may_come=True,
    ),
    Check("gateway-port-closed", WARNING, "The gateway's Service lacks the port.", gateway_services.port_closed),
    Check(
        "load-balancer-ends-tls",
        WARNING,
        "The gateway's load balancer ends TLS before it.",
        gateway_services.load_balancer_ends_tls,
    ),
    Check("not-exported", WARNING, "The gateway's namespace does not see the VirtualService.", attachment.not_exported),
    Check("not-discovered", WARNING, "istiod does not see a namespace.", attachment.not_discovered),
    Check("route-unused", WARNING, "A route is for a port or protocol that no server has.", route_kinds.route_unused),
    Check(
        "delegate-left-out",
        WARNING,
        "istiod leaves a delegate out.",
        delegates.left_out,
        may_come=True,
    ),
    Check("match-never-fulfilled", WARNING, "No request can fulfil a match.", matches.never_fulfilled, may_come=True),
    Check("rewrite-slashes", WARNING, "A rewrite makes two slashes, or none.", route_actions.rewrite_slashes),
    Check(
        "cors-origin-never-matches",
        WARNING,
        "No browser sends an origin as it is written.",
        route_actions.cors_origin_never_matches,
    ),
    Check(
        "destination-missing",
        WARNING,
        "The Service does not exist.",
        destinations.missing,
        may_come=True,
    ),
    Check(
        "destination-port-missing",
        WARNING,
        "The Service does not have the port, or it is not clear which one.",
        destinations.port_missing,
        may_come=True,
    ),
    Check("destination-protocol", WARNING, "The Service's port is not for HTTP.", destinations.wrong_protocol),
    Check("destination-not-visible", WARNING, "The gateway does not get the Service.", destinations.not_visible),
    Check(
        "destination-without-endpoints",
        WARNING,
        "Nothing is behind the Service or the subset.",
        destinations.without_endpoints,
        may_come=True,
    ),
    Check("subset-missing", WARNING, "No DestinationRule has the subset.", destinations.subset_missing, may_come=True),
    Check("issuer-missing", WARNING, "The certificate's issuer does not exist.", issuers.issuer_missing, may_come=True),
    Check("issuer-cannot-prove", WARNING, "The issuer has no solver for a host.", issuers.issuer_cannot_prove),
    Check(
        "secret-of-two-certificates",
        WARNING,
        "Another Certificate is for the same Secret.",
        issuers.secret_of_two_certificates,
    ),
)
LEVELS: Mapping[str, str] = {check.code: check.level for check in CHECKS}
_TOGETHER = 100
_MAY_COME = frozenset(check.code for check in CHECKS if check.may_come)


def find(
    desired: Iterable[Manifest],
    cluster_state: ClusterState,
    cluster_domain: str = "cluster.local",
    removals: Mapping[Ref, Manifest | None] | None = None,
) -> list[Finding]:
    """The findings about one exposure, given its manifests (or its live objects) and the state around it.

    See find_all(), which does the same for many.
    """
    key = ExposureKey("", "")
    return find_all({key: list(desired)}, cluster_state, cluster_domain, removals)[key]


def find_all(
    desired: Mapping[ExposureKey, Sequence[Manifest]],
    cluster_state: ClusterState,
    cluster_domain: str = "cluster.local",
    removals: Mapping[Ref, Manifest | None] | None = None,
) -> dict[ExposureKey, list[Finding]]:
    """The findings about each exposure of a task that writes them all, in this order. Levels are not set yet.

    They are judged as they will be when all are written and all of `removals` is done, see Analysis. Two exposures that
    conflict have a finding each, from their own point of view. Of those that do not exist yet, the first in the list
    will be the oldest. A Gateway that several share must be in each one's list as it will be, with all of them on it.
    """
    analysis = Analysis(cluster_state, cluster_domain, chain.from_iterable(desired.values()), removals)
    keys = list(desired)
    some_by_some = (keys[start : start + _TOGETHER] for start in range(0, len(keys), _TOGETHER))
    found = (_find_together([analysis.context(desired[key]) for key in some]) for some in some_by_some)
    return dict(zip(keys, chain.from_iterable(found)))


def find_in(context: Context) -> list[Finding]:
    """The findings about the exposure of a context, each once, also if they hold for several groups of pods."""
    return _find_together([context])[0]


def _find_together(contexts: Sequence[Context]) -> list[list[Finding]]:
    """The findings about each. One check after the other, as that is faster than one exposure after the other."""
    found: list[dict[Finding, None]] = [{} for _context in contexts]
    for check in CHECKS:
        for context, mine in zip(contexts, found):
            for finding in check.find(context):
                mine[replace(context.analysis.with_ingresses(finding), code=check.code)] = None
    return [list(mine) for mine in found]


def with_levels(findings: Iterable[Finding], levels: Mapping[str, str], check_mode: bool = False) -> list[Finding]:
    """The findings that are not ignored, errors first, each with its level. levels: by code, as the task sets them."""
    kept = []
    for finding in findings:
        level = levels[finding.code]
        is_lower = finding.preexisting or finding.partial or (check_mode and finding.code in _MAY_COME)
        if level == ERROR and is_lower:
            level = WARNING
        if level != IGNORE:
            kept.append(replace(finding, level=level))
    return sorted(kept, key=lambda finding: finding.level != ERROR)
