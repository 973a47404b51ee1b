# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of an exposure → an Exposure, or an error with one sentence."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import (
    ExistingGateway,
    OwnGateway,
    parse,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._options.routes import Destination, Route
from ansible_collections.gatehouse.istio.plugins.module_utils._options.tls import Tls
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError


def params(**changes: Any) -> dict[str, Any]:
    """Minimal valid options with changes."""
    minimal = {
        "name": "shop",
        "namespace": "shop",
        "hosts": ["shop.example.com"],
        "service": "web",
        "gateway": {"selector": {"istio": "public"}},
    }
    return {**minimal, **changes}


def with_routes(*routes: dict[str, Any]) -> dict[str, Any]:
    return params(service=None, routes=list(routes))


def test_minimal_options() -> None:
    exposure = parse(params())
    assert (exposure.namespace, exposure.name, exposure.hosts) == ("shop", "shop", ("shop.example.com",))
    assert exposure.gateway == OwnGateway("shop", "shop", {"istio": "public"}, 80, 443)
    assert exposure.tls == Tls(mode="none")
    assert exposure.routes == (Route((Destination("web.shop.svc.cluster.local"),)),)


@pytest.mark.parametrize(
    ("service", "host"),
    [
        ("web", "web.shop.svc.cluster.local"),
        ("web.prod", "web.prod.svc.cluster.local"),
        ("web.prod.svc", "web.prod.svc.cluster.local"),
        ("web.prod.svc.cluster.local", "web.prod.svc.cluster.local"),
        ("web.prod.svc.other.domain", "web.prod.svc.other.domain"),
    ],
)
def test_a_service_gets_its_full_name(service: str, host: str) -> None:
    assert parse(params(service=service)).routes[0].destinations[0].host == host


def test_a_services_full_name_ends_with_the_cluster_domain() -> None:
    exposure = parse(params(cluster_domain="k8s.example.net"))
    assert exposure.routes[0].destinations[0].host == "web.shop.svc.k8s.example.net"


def test_routes_keep_their_order_and_external_hosts_are_unchanged() -> None:
    exposure = parse(
        with_routes(
            {
                "name": "api",
                "match": [{"uri": {"prefix": "/api", "exact": None, "regex": None}}, {"uri": {"regex": "/v[12]/.*"}}],
                "destinations": [
                    {"service": "api", "port": 8080, "weight": 90},
                    {"service": None, "host": "api.partner.example", "port": 443, "weight": 10},
                ],
            },
            {"destinations": [{"service": "web"}]},
        )
    )
    assert exposure.routes == (
        Route(
            name="api",
            matches=({"uri": {"prefix": "/api"}}, {"uri": {"regex": "/v[12]/.*"}}),
            destinations=(
                Destination("api.shop.svc.cluster.local", 8080, 90),
                Destination("api.partner.example", 443, 10),
            ),
        ),
        Route((Destination("web.shop.svc.cluster.local"),)),
    )


@pytest.mark.parametrize(
    ("existing", "gateway"),
    [("shared", ExistingGateway("shop", "shared")), ("infra/shared", ExistingGateway("infra", "shared"))],
)
def test_an_existing_gateway(existing: str, gateway: ExistingGateway) -> None:
    assert parse(params(gateway={"existing": existing})).gateway == gateway


@pytest.mark.parametrize(("shared", "namespace"), [("front", "shop"), ("infra/front", "infra")])
def test_a_shared_gateway(shared: str, namespace: str) -> None:
    gateway = parse(params(gateway={"selector": {"istio": "public"}, "shared": shared})).gateway
    assert gateway == OwnGateway(namespace, "front", {"istio": "public"}, shared=True)


def test_export_to() -> None:
    assert parse(params()).export_to == ()
    assert parse(params(export_to=[".", "infra"])).export_to == (".", "infra")


@pytest.mark.parametrize(
    ("gateway", "tls", "needs"),
    [
        ({"selector": {"a": "b"}}, {"credential_name": "c"}, False),
        ({"selector": {"a": "b"}}, {"certificate": {"issuer": {"name": "ca"}}}, True),
        ({"selector": {"a": "b"}}, {"mode": "mutual", "credential_name": "c"}, True),
        ({"selector": {"a": "b"}}, {"mode": "optional_mutual", "credential_name": "c"}, True),
        ({"selector": {"a": "b"}, "shared": "infra/front"}, {"mode": "mutual", "credential_name": "c"}, True),
        ({"existing": "infra/front"}, {"mode": "mutual"}, False),
    ],
)
def test_needs_pods_namespace(gateway: dict[str, Any], tls: dict[str, Any], needs: bool) -> None:
    assert parse(params(gateway=gateway, tls=tls)).needs_pods_namespace is needs


@pytest.mark.parametrize(
    "host", ["a.b", "shop.example.com", "*.example.com", "*", "xn--bcher-kva.example", "192.0.2.1"]
)
def test_valid_hosts(host: str) -> None:
    assert parse(params(hosts=[host])).hosts == (host,)


@pytest.mark.parametrize(
    ("gateway", "tls", "port"),
    [
        ({"http_port": 443}, None, 443),
        ({"http_port": 8443, "https_port": 8443}, {"credential_name": "cert"}, 8443),
    ],
)
def test_ports_of_which_only_one_is_used_may_be_the_same(
    gateway: dict[str, Any], tls: dict[str, Any] | None, port: int
) -> None:
    assert parse(params(gateway={"selector": {"a": "b"}, **gateway}, tls=tls)).gateway_port == port


def test_numbers_in_labels_become_strings() -> None:
    assert parse(params(labels={"tier": 1})).labels == {"tier": "1"}


SIMPLE = {"mode": "simple", "credential_name": "cert"}
WEB = [{"service": "web"}]

MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("name", params(name="Shop"), "name: 'Shop' is not a valid name: use at most 63 lower-case"),
    ("long name", params(name="s" * 64), "is not a valid name"),
    ("namespace", params(namespace="-a"), "namespace: '-a' is not a valid name"),
    ("no hosts", params(hosts=[]), "hosts: the list is empty; name at least one host."),
    ("url", params(hosts=["https://a.b"]), "hosts[0]: 'https://a.b' is a URL; give only the host name"),
    ("path", params(hosts=["a.b/c"]), "hosts[0]: 'a.b/c' contains '/'"),
    ("port in host", params(hosts=["x.y", "a.b:443"]), "hosts[1]: 'a.b:443' contains ':'"),
    ("capitals", params(hosts=["Shop.example.com"]), "compare hosts as they are written; write 'shop.example.com'."),
    ("unicode", params(hosts=["bücher.example"]), "write an international name in its 'xn--' form."),
    ("inner wildcard", params(hosts=["a.*.com"]), "is not a host name"),
    ("two wildcards", params(hosts=["*.*.com"]), "is not a host name"),
    ("empty host", params(hosts=[""]), "is not a host name"),
    ("trailing dot", params(hosts=["a.b."]), "hosts[0]: 'a.b.' ends with a dot; leave it out."),
    ("long host", params(hosts=[".".join(["a" * 60] * 5)]), "has more than 253 characters"),
    ("long label", params(hosts=[f"{'a' * 64}.b"]), "has a part of more than 63 characters"),
    ("underscore", params(hosts=["a_b.c"]), "contains '_'"),
    (
        "no domain",
        params(hosts=["intranet"]),
        "hosts[0]: 'intranet' has no domain, and Istio would take it for a Service",
    ),
    ("numeric domain", params(hosts=["shop.123"]), "hosts[0]: 'shop.123' ends in a number, which no domain does"),
    ("no address", params(hosts=["300.0.2.1"]), "hosts[0]: '300.0.2.1' ends in a number"),
    (
        "under its own wildcard",
        params(hosts=["a.example.com", "*.example.com"]),
        "hosts[1]: '*.example.com' and 'a.example.com' (hosts[0]) overlap, and Istio refuses both in one list; remove",
    ),
    ("all hosts and one", params(hosts=["*", "a.b"]), "hosts[1]: 'a.b' and '*' (hosts[0]) overlap"),
    ("twice", params(hosts=["a.b", "a.b"]), "hosts[1]: 'a.b' is in the list twice; remove one."),
    (
        "no destination",
        params(service=None),
        "service: requests have no destination; set service (and port), or routes.",
    ),
    ("service with a path", params(service="web/x"), "service: 'web/x' is not the name of a Service"),
    ("foreign host as service", params(service="api.partner.example"), "goes into routes[].destinations[].host"),
    ("port", params(port=70000), "port: 70000 is not a port; give a number from 1 to 65535."),
    ("empty gateway", params(gateway=None), "gateway: it is empty; set selector"),
    (
        "empty destination",
        params(service=None, routes=[{"destinations": [{"host": ""}]}]),
        "routes[0].destinations[0].host: it is empty; give a host name, or a Service with service.",
    ),
    (
        "empty mirror",
        params(service=None, routes=[{"destinations": [{"service": "web"}], "mirrors": [{"host": ""}]}]),
        "routes[0].mirrors[0].host: it is empty",
    ),
    ("empty selector", params(gateway={"selector": {}}), "gateway.selector: it is empty"),
    ("selector value", params(gateway={"selector": {"a": True}}), "gateway.selector: the value of 'a' is not a string"),
    (
        "same ports",
        params(gateway={"selector": {"a": "b"}, "http_port": 443}, tls={"credential_name": "cert", "redirect": True}),
        "gateway: http_port and https_port are both 443; with tls.redirect they must differ.",
    ),
    (
        "redirected wildcard",
        params(
            hosts=["*.example.com"],
            gateway={"selector": {"a": "b"}, "http_port": 8080},
            tls={"credential_name": "cert", "redirect": True},
        ),
        "tls.redirect: Istio cannot redirect '*.example.com' from port 8080 to 443, as it keeps the port that a client",
    ),
    ("zero http_port", params(gateway={"selector": {"a": "b"}, "http_port": 0}), "gateway.http_port: 0 is not a port"),
    ("zero https_port", params(gateway={"existing": "a", "https_port": 0}), "gateway.https_port: 0 is not a port"),
    ("float label", params(labels={"version": 1.1}), "labels: the value of 'version' is the number 1.1, and YAML does"),
    ("float in selector", params(gateway={"selector": {"v": 2.0}}), "gateway.selector: the value of 'v' is the number"),
    ("label's value", params(labels={"a": "b c"}), "labels: the value 'b c' of 'a' is not one of a label; use at most"),
    ("label's key", params(labels={"a b": "c"}), "labels: 'a b' is not a label's key; write one such as app"),
    ("label's prefix", params(labels={"A/b": "c"}), "labels: 'A/b' is not a label's key"),
    ("cluster domain", params(cluster_domain="cluster.local."), "cluster_domain: 'cluster.local.' is not a DNS domain"),
    (
        "own namespace twice",
        params(export_to=[".", "shop"]),
        "export_to: '.' and 'shop' are the same namespace; remove one.",
    ),
    (
        "destination's host",
        with_routes({"destinations": [{"host": "https://api.example.com"}]}),
        "routes[0].destinations[0].host: 'https://api.example.com' is not a host of Istio's registry",
    ),
    (
        "destination's address",
        with_routes({"destinations": [{"host": "192.0.2.1"}]}),
        "needs a ServiceEntry with a name",
    ),
    ("subset", with_routes({"destinations": [{"service": "a", "subset": "v_1"}]}), "[0].subset: 'v_1' is not a valid"),
    ("http port", params(gateway={"selector": {"a": "b"}, "http_port": -1}), "gateway.http_port: -1 is not a port"),
    ("existing", params(gateway={"existing": "a/b/c"}), "gateway.existing: 'b/c' is not a valid name"),
    (
        "shared",
        params(gateway={"selector": {"a": "b"}, "shared": "a/b/c"}),
        "gateway.shared: 'b/c' is not a valid name",
    ),
    ("shared without selector", params(gateway={"selector": {}, "shared": "a/b"}), "gateway.selector: it is empty"),
    ("empty export_to", params(export_to=[]), "export_to: the list is empty"),
    ("export_to with * and others", params(export_to=["a", "*"]), "export_to: '*' already means all namespaces"),
    ("invalid export_to", params(export_to=[".", "~"]), "export_to[1]: '~' is not a valid name"),
    ("export_to twice", params(export_to=["a", "a"]), "export_to[1]: 'a' is in the list twice; remove one."),
    (
        "annotation of a contribution",
        params(annotations={"exposure.gatehouse.istio/shop.shop": "x"}),
        "annotations: 'exposure.gatehouse.istio/shop.shop' is set by this module",
    ),
    (
        "simple without credential",
        params(tls={"mode": "simple"}),
        "tls.credential_name: tls.mode=simple needs tls.certificate, or the name",
    ),
    ("credential with a slash", params(tls={"credential_name": "a/b"}), "tls.credential_name: 'a/b' contains '/'"),
    (
        "pods' namespace",
        params(gateway={"selector": {"a": "b"}, "pods_namespace": "A"}),
        "gateway.pods_namespace: 'A' is not a valid name",
    ),
    (
        "reserved annotation",
        params(annotations={"gatehouse.istio/client-ca": "x"}),
        "annotations: 'gatehouse.istio/client-ca' is set by this module",
    ),
    (
        "none with redirect",
        params(tls={"mode": "none", "redirect": True}),
        "tls.redirect: it has no meaning with tls.mode=none",
    ),
    (
        "passthrough with credential",
        params(tls={"mode": "passthrough", "credential_name": "c"}),
        "tls.credential_name: it has no meaning with tls.mode=passthrough",
    ),
    ("existing with credential", params(gateway={"existing": "g"}, tls=SIMPLE), "it is a setting of the Gateway"),
    (
        "passthrough with match",
        {**with_routes({"match": [{"uri": {"prefix": "/"}}], "destinations": WEB}), "tls": {"mode": "passthrough"}},
        "routes[0].match: with tls.mode=passthrough the gateway sees only connections and not requests",
    ),
    ("unreachable route", with_routes({"destinations": WEB}, {"destinations": WEB}), "routes[1]: it is never reached"),
    (
        "relative path",
        with_routes({"match": [{"uri": {"prefix": "api"}}], "destinations": WEB}),
        "uri.prefix: 'api' does not match any path",
    ),
    ("no destinations", with_routes({"destinations": []}), "routes[0].destinations: the list is empty"),
    (
        "weight missing",
        with_routes({"destinations": [{"service": "a", "weight": 1}, {"service": "b"}]}),
        "routes[0].destinations[1].weight: it is missing; give each of several destinations a weight",
    ),
    ("weights 0", with_routes({"destinations": [{"service": s, "weight": 0} for s in "ab"]}), "all weights are 0"),
    ("negative weight", with_routes({"destinations": [{"service": "a", "weight": -1}]}), "weight: -1 is not a weight"),
    (
        "destination's port",
        with_routes({"destinations": [{"service": "a", "port": 0}]}),
        "routes[0].destinations[0].port: 0 is not",
    ),
    (
        "reserved label",
        params(labels={"gatehouse.istio/exposure": "x"}),
        "labels: 'gatehouse.istio/exposure' is set by this module",
    ),
    ("boolean label", params(labels={"a": True}), "labels: the value of 'a' is not a string; write it in quotes."),
    ("nested annotation", params(annotations={"a": {"b": "c"}}), "annotations: the value of 'a' is not a string"),
]


@pytest.mark.parametrize(("options", "sentence"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES])
def test_an_invalid_option_raises_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(options)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
