# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that are valid for hosts of other servers, and the answer 421, with which clients come again."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from support.builders import cluster, exposure, gateway, https, live, passthrough, secret, to, virtual_service

CODE = "certificate-on-two-servers"
VAULT = "vault.example.com"
SECRETS = {"cert": secret("*.example.com"), "vault": secret(VAULT)}
WEB: dict[str, Any] = {"destinations": [{"service": "web", "port": 80}]}


def answer(status: int, **match: Any) -> dict[str, Any]:
    return {"match": [match], "direct_response": {"status": status}}


def away(authority: str = VAULT, **more: Any) -> dict[str, Any]:
    return answer(421, authority={"exact": authority}, **more)


def wildcard(*routes: dict[str, Any], **more: Any) -> list[Manifest]:
    """An exposure of *.example.com with its certificate."""
    options = {"name": "all", "hosts": ["*.example.com"], "tls": {"credential_name": "cert"}, **more}
    return live(exposure(routes=list(routes), **options))


def by_hand(host: str, *routes: dict[str, Any]) -> Manifest:
    return virtual_service("shop/away", [host], ["shop/all"], http=list(routes))


ANSWERED = ({"match": [{"authority": {"exact": VAULT}}], "directResponse": {"status": 421}}, to("web"))
REDIRECTED = {"match": [{"uri": {"prefix": "/old"}}], "redirect": {"uri": "/new"}}
ELSEWHERE = {"match": [{"authority": {"exact": "other.example.com"}}], **WEB}
SENT_AWAY: dict[str, list[Manifest]] = {
    "the first route": wildcard(away(), REDIRECTED, WEB),
    "after routes for other hosts": wildcard(ELSEWHERE, away(), WEB),
    "by a prefix": wildcard(answer(421, authority={"prefix": "vault."}), WEB),
    "by an expression": wildcard(answer(421, authority={"regex": r"vault\..*"}), WEB),
    "by paths": wildcard(away(uri={"prefix": "/a"}), away(), WEB),
    "by a VirtualService of its own": [*wildcard(WEB), by_hand(VAULT, {"directResponse": {"status": 421}})],
    "by one that names all paths": [
        *wildcard(WEB),
        by_hand(VAULT, {"match": [{"uri": {"prefix": "/"}}], "directResponse": {"status": 421}}),
    ],
}
NOT_SENT_AWAY: dict[str, list[Manifest]] = {
    "no such route": wildcard(WEB),
    "another answer": wildcard(answer(404, authority={"exact": VAULT}), WEB),
    "another host": wildcard(away("other.example.com"), WEB),
    "a part of the paths": wildcard(away(uri={"prefix": "/a"}), WEB),
    "a part of the requests": wildcard(away(headers={"x-a": {"exact": "1"}}), WEB),
    "after a route for some paths": wildcard(REDIRECTED, away(), WEB),
    "for another port": wildcard(away(port=80), WEB),
    "with the port, which clients leave out": wildcard(away(f"{VAULT}:443"), WEB),
    "a VirtualService of the host takes its requests": [*wildcard(away(), WEB), by_hand(VAULT, to("web"))],
    "for a wider host than another VirtualService's": [
        *wildcard(WEB),
        by_hand("*.com", {"directResponse": {"status": 421}}),
    ],
}


@pytest.mark.parametrize("tls", [{"mode": "passthrough"}, {"credential_name": "vault"}])
@pytest.mark.parametrize("name", SENT_AWAY)
def test_browsers_come_again_after_421(name: str, tls: dict[str, Any]) -> None:
    desired = exposure(hosts=[VAULT], tls=tls)
    assert CODE not in {finding.code for finding in find(desired, cluster(*SENT_AWAY[name], secrets=SECRETS))}


def test_passthrough_on_the_same_gateway() -> None:
    """Its VirtualService has the host, too, but no route for requests."""
    both = gateway("shop/all", https("*.example.com"), passthrough(VAULT))
    routed = virtual_service("shop/all", ["*.example.com"], ["shop/all"], http=list(ANSWERED))
    desired = exposure(hosts=[VAULT], tls={"mode": "passthrough"}, gateway={"existing": "shop/all"})
    assert find(desired, cluster(both, routed, secrets=SECRETS)) == []


@pytest.mark.parametrize("name", NOT_SENT_AWAY)
def test_browsers_reuse_the_connection(name: str) -> None:
    desired = exposure(hosts=[VAULT], tls={"mode": "passthrough"})
    findings = find(desired, cluster(*NOT_SENT_AWAY[name], secrets=SECRETS))
    assert CODE in {finding.code for finding in findings}


def test_each_host_needs_the_answer() -> None:
    desired = exposure(hosts=[VAULT, "db.example.com"], tls={"mode": "passthrough"})
    (finding,) = find(desired, cluster(*wildcard(away(), WEB), secrets=SECRETS))
    assert "is valid for db.example.com, too" in finding.message


def test_at_another_port_the_authority_has_it() -> None:
    ports = {"selector": {"istio": "public"}, "https_port": 8443}
    desired = exposure(hosts=[VAULT], tls={"mode": "passthrough"}, gateway=ports)
    there = wildcard(away(), WEB, gateway=ports)
    (finding,) = [each for each in find(desired, cluster(*there, secrets=SECRETS)) if "certificate" in each.code]
    assert f"match.authority.exact: {VAULT}:8443 and direct_response.status: 421" in finding.fix
    there = wildcard(away(f"{VAULT}:8443"), WEB, gateway=ports)
    assert not [each for each in find(desired, cluster(*there, secrets=SECRETS)) if "certificate" in each.code]


def test_the_way_out_of_passthrough() -> None:
    """One server cannot end TLS and pass it through: gateway.shared is none."""
    (finding,) = find(exposure(hosts=[VAULT], tls={"mode": "passthrough"}), cluster(*wildcard(WEB), secrets=SECRETS))
    assert finding.fix == (
        "Let Gateway shop/all, servers[0] answer requests for vault.example.com with 421, upon which browsers open a "
        "connection of their own: in its exposure, a first route with match.authority.exact: vault.example.com and "
        "direct_response.status: 421; or give Gateway shop/all, servers[0] a certificate that is not valid for "
        "vault.example.com, or use another gateway for one of the two."
    )


def test_a_server_without_the_host_cannot_answer_it() -> None:
    """For a host that the server does not have, there is no route."""
    one = cluster(gateway("old/front", https("blog.example.com")), secrets=SECRETS)
    (finding,) = find(exposure(hosts=[VAULT], tls={"mode": "passthrough"}), one)
    assert finding.fix == (
        "Give Gateway old/front, servers[0] a certificate that is not valid for vault.example.com, or use another "
        "gateway for one of the two."
    )


# Hosts of a server with the certificate of *.example.com, and whether browsers have connections to it.
CONNECTED = {
    "its wildcard": (["*.example.com"], True),
    "one of its hosts": (["a.example.com"], True),
    "all hosts": (["*"], True),
    "a wildcard two labels up": (["*.com"], True),
    "a wildcard below": (["*.b.example.com"], False),
    "a host below": (["a.b.example.com"], False),
    "the domain itself": (["example.com"], False),
    "one of two": (["example.com", "a.example.com"], True),
}


@pytest.mark.parametrize(("hosts", "is_connected"), CONNECTED.values(), ids=CONNECTED)
def test_a_refused_certificate_makes_no_connection(hosts: list[str], is_connected: bool) -> None:
    front = cluster(gateway("old/front", https(*hosts)), secrets=SECRETS)
    codes = [finding.code for finding in find(exposure(hosts=[VAULT], tls={"mode": "passthrough"}), front)]
    assert codes == ["certificate-on-two-servers"] * is_connected


# The server's host, the hosts of the exposure that attaches to it, and those that the certificate for shop.example.com
# and *.example.org is not for.
UNCOVERED = {
    "the host itself": ("*.example.com", ["shop.example.com"], ""),
    "another host of the wildcard": ("*.example.com", ["shop.example.com", "api.example.com"], "api.example.com"),
    "another host of all": ("*", ["api.example.com"], "api.example.com"),
    "a host of the certificate's wildcard": ("*.example.org", ["a.example.org"], ""),
    "a host below one of the certificate's wildcard": ("*.example.org", ["a.b.example.org"], "a.b.example.org"),
    "a wider host": ("shop.example.com", ["*.example.com"], ""),
    "a wildcard": ("*", ["*.example.com"], "*.example.com"),
}


@pytest.mark.parametrize(("server_host", "hosts", "uncovered"), UNCOVERED.values(), ids=UNCOVERED)
def test_the_exposures_hosts_count(server_host: str, hosts: list[str], uncovered: str) -> None:
    front = gateway("shop/front", https(server_host, "other.example.net"))
    state = cluster(front, secrets={"cert": secret("shop.example.com", "*.example.org")})
    messages = [finding.message for finding in find(exposure(hosts=hosts, gateway={"existing": "shop/front"}), state)]
    assert [message.partition("clients of ")[2] for message in messages] == [f"{uncovered} refuse it."] * bool(
        uncovered
    )
