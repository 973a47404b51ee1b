# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures of every kind, made on a real cluster and read back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509

from ansible_collections.gatehouse.istio.plugins.module_utils._flows import exposure_info
from cluster.testing import CertificateFiles, Cluster
from support.info import PODS, PUBLIC, Run, named
from support.run_module import Outcome


@pytest.mark.usefixtures("every_kind")
def test_what_is_exposed_is_read_back(istio: Cluster, info: Run, namespace: str) -> None:
    result = named(info(include_foreign=True, checks={"destination-without-endpoints": "ignore"}))
    assert list(result) == ["attached", "by-hand", "own", "shared"]
    assert {name: entry["managed"] for name, entry in result.items()} == {
        "attached": True,
        "by-hand": False,
        "own": True,
        "shared": True,
    }
    assert {name: [at["kind"] for at in entry["gateways"]] for name, entry in result.items()} == {
        "attached": ["existing"],
        "by-hand": ["existing", "missing"],
        "own": ["own"],
        "shared": ["shared"],
    }
    own = result["own"]
    assert own["gateways"] == [
        {
            "namespace": namespace,
            "name": "own",
            "kind": "own",
            **PUBLIC,
            "pods_namespaces": [PODS],
            "addresses": [istio.gateway_address("public")],
        }
    ]
    assert own["urls"] == [f"https://own.{namespace}.test/"]
    assert result["shared"]["urls"] == [f"http://shared.{namespace}.test/"]
    assert result["attached"]["urls"] == [f"http://attached.{namespace}.test/"]
    live = istio.kubectl("get", "virtualservices.networking.istio.io", "own", "-n", namespace)
    assert own["created"] == live["metadata"]["creationTimestamp"]
    codes = {name: [finding["code"] for finding in entry["findings"]] for name, entry in result.items()}
    assert codes == {"attached": [], "by-hand": ["gateway-missing"], "own": [], "shared": []}


@pytest.mark.usefixtures("every_kind")
def test_the_public_part_of_the_certificate(info: Run, namespace: str, certificate: CertificateFiles) -> None:
    outcome = info(name="own")
    assert "PRIVATE" not in outcome.text
    assert base64.b64encode(certificate.key.read_bytes()).decode() not in outcome.text
    leaf = x509.load_pem_x509_certificates(certificate.crt.read_bytes())[0]
    (tls,) = named(outcome)["own"]["tls"]
    days = tls["certificate"].pop("days_left")
    assert 0 <= (leaf.not_valid_after_utc - leaf.not_valid_before_utc).days - days <= 2
    assert int(tls["certificate"].pop("serial"), 16) == leaf.serial_number
    assert tls == {
        "gateway": f"{namespace}/own",
        "port": 443,
        "hosts": [f"own.{namespace}.test"],
        "mode": "simple",
        "credential_name": f"{namespace}-own",
        "certificate": {
            "secret": f"{PODS}/{namespace}-own",
            "not_after": f"{leaf.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
            "names": [f"own.{namespace}.test"],
            "issuer": leaf.issuer.rfc4514_string(),
        },
    }


@pytest.mark.usefixtures("every_kind")
def test_routes(info: Run, namespace: str) -> None:
    result = named(info(include_foreign=True))
    to_web = {"host": f"web.{namespace}.svc.cluster.local", "port": 80, "weight": None, "subset": None}
    assert result["shared"]["routes"] == [{"protocol": "http", "name": None, "match": [], "destinations": [to_web]}]
    gone, rest = result["by-hand"]["routes"]
    assert gone == {
        "protocol": "http",
        "name": "gone",
        "match": [{"uri": {"prefix": "/old"}}],
        "destinations": [],
        "redirect": {"uri": "/"},
    }
    assert rest["destinations"] == [{**to_web, "host": "web"}]


@pytest.mark.usefixtures("every_kind")
def test_filters_and_query(info: Run, namespace: str) -> None:
    def names(**options: Any) -> list[str]:
        return list(named(info(findings=False, **options)))

    assert names() == ["attached", "own", "shared"]
    assert names(name="own") == ["own"]
    assert names(name="by-hand") == []
    assert names(label_selectors=["team"], include_foreign=True) == ["by-hand", "own", "shared"]
    assert names(label_selectors=["team in (shop, hands)", "team!=hands"], include_foreign=True) == ["own", "shared"]
    assert names(hosts=[f"own.{namespace}.test", f"hand.{namespace}.test"]) == ["own"]
    assert names(namespace="default") == []
    assert "findings" not in named(info(findings=False))["own"]
    assert f"{namespace}/own" in [
        f"{entry['namespace']}/{entry['name']}" for entry in info(namespace=None).result["exposures"]
    ]
    assert info(query="[].tls[].certificate.secret").result["answer"] == [f"{PODS}/{namespace}-own"]
    assert info(query="[?managed].name | [0]").result["answer"] == "attached"
    assert info(fails=True, query="[").message.startswith("query: '[' is not a valid JMESPath expression: ")
    assert "query: 'abs(@)' failed: " in info(fails=True, query="abs(@)").message
    refused = info(fails=True, label_selectors=["team in shop"])
    assert refused.message.startswith("label_selectors: ")
    assert "\n" not in refused.message


def test_a_wildcard_serves_hosts_below_it(expose: Run, info: Run, namespace: str) -> None:
    expose("wide", hosts=[f"*.{namespace}.test"])
    assert list(named(info(hosts=[f"a.{namespace}.test"]))) == ["wide"]
    assert list(named(info(hosts=[f"{namespace}.test"]))) == []


def test_findings_have_the_levels_of_the_task(expose: Run, info: Run) -> None:
    expose("own", service="nobody", tls={"credential_name": "nothing"})

    def result(**options: Any) -> list[tuple[str, str]]:
        return [(one["code"], one["level"]) for one in named(info(**options))["own"]["findings"]]

    assert result() == [("secret-missing", "warning"), ("destination-missing", "warning")]
    strict = {"destination-missing": "error", "secret-missing": False}
    assert result(checks=strict) == [("destination-missing", "error")]
    assert "checks: 'nonsense' is not a check" in info(fails=True, checks={"nonsense": "error"}).message


@pytest.mark.usefixtures("every_kind")
def test_drift_missing_and_orphans(
    istio: Cluster, info: Run, options: Callable[..., dict[str, Any]], namespace: str
) -> None:
    own = options(
        "own", tls={"credential_name": f"{namespace}-own", "redirect": True}, labels={"team": "shop"}, wait=True
    )
    shared = options("shared", gateway={**PUBLIC, "shared": "front"}, labels={"team": "shop"})
    attached = options("attached", gateway={"existing": "by-hand"})
    desired = [own, shared, attached]
    same = info(desired=desired, include_foreign=True).result
    assert {entry["name"]: entry["drift"] for entry in same["exposures"]} == {
        "attached": [],
        "by-hand": None,
        "own": [],
        "shared": [],
    }
    assert (same["missing"], same["orphans"]) == ([], [])

    other = options("other")
    unwanted = {"name": "shared", "namespace": namespace, "state": "absent"}
    result = info(desired=[{**own, "port": 8080}, attached, other, unwanted, options("by-hand")]).result
    (drift,) = named(Outcome(result, ""))["own"]["drift"]
    assert (drift["action"], drift["kind"], drift["name"]) == ("updated", "VirtualService", "own")
    ports = [
        [route["route"][0]["destination"]["port"] for route in drift[when]["spec"]["http"] if "route" in route]
        for when in ("before", "after")
    ]
    assert ports == [[{"number": 80}], [{"number": 8080}]]
    assert result["missing"] == [
        {"namespace": namespace, "name": "by-hand", "hosts": [f"by-hand.{namespace}.test"]},
        {"namespace": namespace, "name": "other", "hosts": [f"other.{namespace}.test"]},
    ]
    assert result["orphans"] == [{"namespace": namespace, "name": "shared", "hosts": [f"shared.{namespace}.test"]}]

    moved = {**own, "gateway": {**PUBLIC, "shared": "front"}}
    drift = named(info(name="own", desired=[moved]))["own"]["drift"]
    assert [(one["action"], one["kind"], one["name"]) for one in drift] == [
        ("updated", "Gateway", "front"),
        ("updated", "VirtualService", "own"),
        ("deleted", "Gateway", "own"),
    ]
    by_hand = ["patch", "virtualservices.networking.istio.io", "own", "-n", namespace, "--type=merge", "-p"]
    istio.kubectl(*by_hand, '{"spec": {"hosts": ["changed.example.com"]}}')
    (drift,) = named(info(name="own", desired=[own]))["own"]["drift"]
    assert drift["before"]["spec"]["hosts"] == ["changed.example.com"]
    assert drift["after"]["spec"]["hosts"] == [f"own.{namespace}.test"]


@pytest.mark.usefixtures("cert_manager")
def test_no_drift_of_what_is_beside_the_gateways_pods(
    istio: Cluster, info: Run, expose: Run, options: Callable[..., dict[str, Any]]
) -> None:
    """Certificate, Secret of the clients' CA, and DestinationRule are compared, too."""
    pem = istio.layout.ca_certificate.read_text()
    route = {"destinations": [{"service": "web", "port": 80, "subset": "v1"}]}
    every = {
        "service": None,
        "port": None,
        "routes": [route],
        "subsets": [{"service": "web", "name": "v1", "labels": {"version": "1"}}],
        "tls": {"mode": "mutual", "certificate": {"issuer": {"name": "nobody"}}, "client_ca": {"pem": pem}},
    }
    desired = {key: value for key, value in options("own", **every).items() if value is not None}
    try:
        expose("own", **every)
        assert named(info(desired=[desired], findings=False))["own"]["drift"] == []
        desired["tls"] = {**every["tls"], "certificate": {"issuer": {"name": "somebody"}}}  # type: ignore[dict-item]  # (of mixed types)
        desired["subsets"] = [{"service": "web", "name": "v1", "labels": {"version": "2"}}]
        drift = named(info(desired=[desired], findings=False))["own"]["drift"]
        assert [(one["action"], one["kind"]) for one in drift] == [
            ("updated", "Certificate"),
            ("updated", "DestinationRule"),
        ]
    finally:
        expose("own", state="absent")


def test_without_jmespath_only_queries_fail(info: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure_info, "JMESPATH_IMPORT_ERROR", "ModuleNotFoundError")
    assert info().result["exposures"] == []
    assert "Failed to import the required Python library (jmespath)" in info(fails=True, query="[]").message


def test_a_desired_exposure_with_a_mistake(info: Run, options: Callable[..., dict[str, Any]]) -> None:
    wrong = info(fails=True, desired=[options("a"), options("b", hosts=["http://b.test"])])
    assert wrong.message.startswith("desired[1].hosts[0]: 'http://b.test' is a URL;")
    unknown = info(fails=True, desired=[options("a", prot=1)])
    assert unknown.message == "desired[0]: istio_exposure has no option prot; correct or remove it."
    incomplete = info(fails=True, desired=[{"name": "a", "namespace": "b", "hosts": ["a.test"]}])
    assert incomplete.message == "desired[0]: state is present but all of the following are missing: gateway."
    assert info(fails=True, desired=[options("a"), options("a")]).message.startswith("desired[1]: the exposure ")
