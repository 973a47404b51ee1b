# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures that bring their own certificate: what there is in the cluster, and what the real Envoys serve."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cluster.testing import Cluster, eventually
from support.certificates import (
    PODS,
    PUBLIC,
    Answers,
    Authorities,
    Expose,
    by,
    cert_manager_object,
    done,
    secret_of,
    there,
    versions,
)
from support.run_module import Outcome


def test_a_certificate_is_issued_where_istio_looks_and_served_with_its_chain(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    namespace = host.partition(".")[0]
    name = f"shop.{namespace}"
    outcome = done(expose(tls=by(authorities.first)))
    assert outcome.actions == [
        f"created Certificate {PODS}/{name}",
        f"created Gateway {namespace}/shop",
        f"created VirtualService {namespace}/shop",
    ]
    assert outcome.result["certificate"] == {"namespace": PODS, "name": name, "secret": name}
    # The client knows only the root: without the intermediate CA it could not verify the server.
    served = answers(f"https://{host}/", 200, ca_file=str(authorities.root))
    leaf, intermediate = secret_of(istio, name)
    assert served.certificate is not None
    assert served.certificate.sans == (host,)
    assert int(served.certificate.serial, 16) == leaf.serial_number
    assert leaf.issuer == intermediate.subject
    again = done(expose(tls=by(authorities.first)))
    assert not again.changed
    assert again.result["certificate"] == outcome.result["certificate"]


def test_a_renewed_certificate_is_served_without_touching_the_exposure(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    namespace: str,
    host: str,
) -> None:
    done(expose(tls=by(authorities.first)))
    before = answers(f"https://{host}/", 200, ca_file=str(authorities.root)).certificate
    objects = versions(istio, namespace)
    renew(istio, f"shop.{namespace}")

    def renewed() -> None:
        after = istio.request(f"https://{host}/", ca_file=str(authorities.root)).certificate
        assert before is not None
        assert after is not None
        assert after.serial != before.serial

    eventually(renewed, seconds=15)
    assert versions(istio, namespace) == objects
    assert not done(expose(tls=by(authorities.first))).changed


def renew(cluster: Cluster, name: str) -> None:
    """As cmctl renew does it."""
    certificate = cluster.kubectl("get", "certificates.cert-manager.io", name, "-n", PODS)
    issuing = {
        "type": "Issuing",
        "status": "True",
        "reason": "ManuallyTriggered",
        "message": "Certificate re-issuance manually triggered",
        "lastTransitionTime": certificate["status"]["notBefore"],
        "observedGeneration": certificate["metadata"]["generation"],
    }
    conditions = [entry for entry in certificate["status"]["conditions"] if entry["type"] != "Issuing"]
    patch = json.dumps({"status": {"conditions": [*conditions, issuing]}})
    arguments = ["--subresource=status", "--type=merge", "-p", patch]
    cluster.kubectl("patch", "certificates.cert-manager.io", name, "-n", PODS, *arguments)


def test_another_issuer_changes_the_certificate_in_place(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    namespace = host.partition(".")[0]
    first = done(expose(tls=by(authorities.first)))
    answers(f"https://{host}/", 200, ca_file=str(authorities.root))
    second = done(expose(tls=by(authorities.second)))
    assert second.actions == [
        f"updated Certificate {PODS}/shop.{namespace}",
        f"unchanged Gateway {namespace}/shop",
        f"unchanged VirtualService {namespace}/shop",
    ]
    before, after = (outcome.result["objects"][0]["definition"]["metadata"]["uid"] for outcome in (first, second))
    assert before == after
    leaf = secret_of(istio, f"shop.{namespace}")[0]
    assert leaf.issuer.rfc4514_string() == f"CN={authorities.second}"

    def served() -> None:
        certificate = istio.request(f"https://{host}/", ca_file=str(authorities.root)).certificate
        assert certificate is not None
        assert int(certificate.serial, 16) == leaf.serial_number

    eventually(served, seconds=15)


CHANGES: dict[str, Any] = {
    "nothing": {},
    "key": {"tls": {"certificate": {"issuer": {"name": "exposures-first"}, "private_key": {"algorithm": "ECDSA"}}}},
    "name": {"tls": by("exposures-first", credential_name="{namespace}-other")},
    "hand-made": {"tls": {"credential_name": "{namespace}-hand-made"}, "wait": False},
    "no TLS": {"tls": None},
    "removal": {"state": "absent"},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_check_mode_predicts_exactly_what_a_run_does(
    istio: Cluster, expose: Expose, authorities: Authorities, namespace: str, change: dict[str, Any]
) -> None:
    changed = {"tls": by(authorities.first), **json.loads(json.dumps(change).replace("{namespace}", namespace))}
    done(expose(tls=by(authorities.first)))
    before = there(istio, "certificates.cert-manager.io", namespace), versions(istio, namespace)
    predicted = done(expose(check=True, **changed))
    assert (there(istio, "certificates.cert-manager.io", namespace), versions(istio, namespace)) == before
    outcome = done(expose(**changed))
    assert (predicted.changed, predicted.actions, predicted.diff) == (outcome.changed, outcome.actions, outcome.diff)
    assert predicted.result.get("certificate") == outcome.result.get("certificate")
    assert not done(expose(**changed)).changed


def test_what_the_task_no_longer_names_is_removed_but_for_cert_managers_secret(
    istio: Cluster, expose: Expose, authorities: Authorities, namespace: str
) -> None:
    name = f"shop.{namespace}"
    done(expose(tls=by(authorities.first)))
    dropped = done(expose(tls={"credential_name": name}))
    assert dropped.actions == [
        f"updated Gateway {namespace}/shop",
        f"unchanged VirtualService {namespace}/shop",
        f"deleted Certificate {PODS}/{name}",
    ]
    serial = secret_of(istio, name)[0].serial_number
    done(expose(tls=by(authorities.first)))
    assert secret_of(istio, name)[0].serial_number == serial
    removed = done(expose(state="absent"))
    assert removed.actions == [
        f"deleted VirtualService {namespace}/shop",
        f"deleted Gateway {namespace}/shop",
        f"deleted Certificate {PODS}/{name}",
    ]
    assert not done(expose(state="absent")).changed


def test_a_move_to_pods_elsewhere_makes_the_new_certificate_first(
    expose: Expose, authorities: Authorities, namespace: str
) -> None:
    done(expose(tls=by(authorities.first)))
    unserved = {"enabled": False}  # there are no such pods
    elsewhere = {**PUBLIC, "pods_namespace": namespace}
    moved = done(expose(tls=by(authorities.first), gateway=elsewhere, probe=unserved))
    assert moved.actions == [
        f"created Certificate {namespace}/shop.{namespace}",
        f"updated Gateway {namespace}/shop",
        f"unchanged VirtualService {namespace}/shop",
        f"deleted Certificate {PODS}/shop.{namespace}",
    ]


def test_a_hand_made_certificate_is_an_error_until_it_is_adopted(
    istio: Cluster, expose: Expose, authorities: Authorities, namespace: str, host: str
) -> None:
    spec = {
        "secretName": f"shop.{namespace}",
        "dnsNames": [f"old.{host}"],
        "issuerRef": {"name": authorities.second, "kind": "ClusterIssuer"},
        "revisionHistoryLimit": 3,
    }
    istio.apply(cert_manager_object("Certificate", f"shop.{namespace}", spec, PODS))
    refused = expose(tls=by(authorities.first))
    assert refused.message.startswith(
        f"Certificate {PODS}/shop.{namespace} exists and is not managed by this collection;"
    )
    assert versions(istio, namespace) == []
    adopted = done(expose(tls=by(authorities.first), adopt=True)).result["objects"][0]
    assert (adopted["action"], adopted["definition"]["spec"]["dnsNames"]) == ("updated", [host])
    assert adopted["definition"]["spec"]["revisionHistoryLimit"] == 3
    assert not done(expose(tls=by(authorities.first))).changed


def test_a_wrong_issuer_fails_in_time_with_its_reason_and_all_is_reported(
    istio: Cluster, expose: Expose, namespace: str
) -> None:
    outcome = expose(tls=by("nobody"), wait_timeout=3)
    assert outcome.failed
    assert outcome.changed
    assert outcome.message.startswith(f"Certificate {PODS}/shop.{namespace} is not ready after 3 s: Certificate: ")
    assert 'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "nobody" not found' in outcome.message
    assert outcome.message.endswith(
        f"Already done: Certificate {PODS}/shop.{namespace} created. Not tried: Gateway {namespace}/shop, "
        f"VirtualService {namespace}/shop. Run the task again to finish it."
    )
    assert "\n" not in outcome.message
    assert versions(istio, namespace) == []
    # Not even a Gateway points at it, and yet it is found.
    assert done(expose(state="absent")).actions == [f"deleted Certificate {PODS}/shop.{namespace}"]


def test_without_wait_nothing_waits(expose: Expose) -> None:
    assert done(expose(tls=by("nobody"), wait=False)).changed


def codes(outcome: Outcome) -> list[str]:
    return [finding["code"] for finding in done(outcome).result["findings"]]


def test_an_issuer_that_is_missing_is_found_and_nothing_is_issued(
    expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    assert codes(expose(tls=by("nobody"), wait=False)) == ["issuer-missing"]
    answers(f"https://{host}/", None)
    assert codes(expose(tls=by(authorities.first))) == []
    answers(f"https://{host}/", 200, ca_file=str(authorities.root))


def test_two_certificates_for_one_secret_are_found_and_the_second_is_never_issued(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, namespace: str, host: str
) -> None:
    reference = {"name": authorities.first, "kind": "ClusterIssuer"}
    spec = {"secretName": f"shop.{namespace}", "dnsNames": [f"other.{host}"], "issuerRef": reference}
    other = cert_manager_object("Certificate", f"other-{namespace}", spec, PODS)
    other["metadata"]["labels"] = {"gatehouse.istio/exposure-namespace": namespace}  # by which the test is cleaned up
    istio.apply(other)
    ready = ["wait", f"certificate/other-{namespace}", "-n", PODS, "--for=condition=Ready", "--timeout=30s"]
    istio.kubectl(*ready)
    assert "secret-of-two-certificates" in codes(expose(tls=by(authorities.first), wait=False))

    def is_not_ready() -> None:
        live = istio.kubectl("get", "certificates.cert-manager.io", f"shop.{namespace}", "-n", PODS)
        (condition,) = [one for one in live["status"]["conditions"] if one["type"] == "Ready"]
        assert condition["status"] == "False", condition

    eventually(is_not_ready, seconds=15)
    refused = answers(f"https://{host}/", None, ca_file=str(authorities.root))
    assert refused.is_refused_certificate, "it is the other one's"
    is_not_ready()
    istio.kubectl(*ready)


def test_cert_managers_refusal_is_one_sentence_and_nothing_is_written(
    istio: Cluster, expose: Expose, authorities: Authorities, namespace: str
) -> None:
    certificate = {"issuer": {"name": authorities.first}, "duration": "1h", "renew_before": "2h"}
    for check in (True, False):
        outcome = expose(check=check, tls={"certificate": certificate})
        assert outcome.message.startswith(f"Certificate {PODS}/shop.{namespace}: cert-manager refuses it: spec.renew")
        assert outcome.message.endswith(". Nothing was changed.")
    assert there(istio, "certificates.cert-manager.io", namespace) == []


def test_one_server_serves_a_wildcard_and_its_apex(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    outcome = done(expose(hosts=[host, f"*.{host}"], tls=by(authorities.first, redirect=True)))
    https = [s for s in outcome.result["objects"][1]["definition"]["spec"]["servers"] if s["port"]["number"] == 443]
    assert [server["hosts"] for server in https] == [[host, f"*.{host}"]]
    serials = set()
    for name in (host, f"one.{host}", f"two.{host}"):
        served = answers(f"https://{name}/", 200, ca_file=str(authorities.root))
        assert served.certificate is not None
        serials.add(served.certificate.serial)
        assert istio.request(f"http://{name}/a?b").location == f"https://{name}/a?b"
    assert len(serials) == 1


def test_what_attaches_to_a_gateway_redirects_for_itself(
    expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    done(expose(tls=by(authorities.first, redirect=True)))
    routes = [{"match": [{"uri": {"prefix": "/api"}}], "destinations": [{"service": "web", "port": 80}]}]
    attached = {"name": "api", "service": None, "port": None, "routes": routes, "gateway": {"existing": "shop"}}
    outcome = done(expose(**attached, tls={"redirect": True}))
    assert outcome.result["urls"] == [f"https://{host}/"]
    answers(f"https://{host}/api", 200, ca_file=str(authorities.root))
    assert answers(f"http://{host}/api", 301).location == f"https://{host}/api"


def test_one_port_ends_tls_for_one_host_and_hands_it_on_for_another(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, host: str
) -> None:
    done(expose(tls=by(authorities.first)))
    done(expose(name="own", hosts=[f"own-{host}"], service="secure", port=443, tls={"mode": "passthrough"}))
    ended = answers(f"https://{host}/", 200, ca_file=str(authorities.root))
    handed_on = answers(f"https://own-{host}/", 200)
    assert ended.headers["x-backend"].endswith("/web/http")
    assert handed_on.headers["x-backend"].endswith("/secure/https")
    assert ended.port == handed_on.port == 443
    assert ended.address == handed_on.address
    assert ended.certificate is not None
    assert handed_on.certificate is not None
    assert ended.certificate.sans != handed_on.certificate.sans
    refused = istio.request(f"https://own-{host}/", ca_file=str(authorities.root))
    assert "not valid" in str(refused.error)
