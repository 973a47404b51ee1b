# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mutual TLS: which clients the real Envoy lets in, and the Secret with the clients' CA."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure, istio_exposures
from cluster.pki import KeyPair, ensure_ca, ensure_certificate
from cluster.testing import Cluster, eventually
from support.certificates import PODS, PUBLIC, Answers, Authorities, Expose, by, cert_manager_object, done, there
from support.killed_run import kill_at_write
from support.run_module import Outcome, run_module


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clients")


def client(directory: Path, authority: str) -> str:
    """A file with the certificate and key of a client of this CA."""
    ca, pair = certificates_authority(directory, authority), key_pair(directory, f"client-of-{authority}")
    ensure_certificate(pair, ca, "client")
    both = directory / f"client-of-{authority}.pem"
    both.write_text(pair.certificate.read_text() + pair.key.read_text())
    return str(both)


def client_of_the_issuer(istio: Cluster, directory: Path, issuer: str, namespace: str) -> str:
    """A file with the certificate and key of a client of the CA that has signed the server's certificate."""
    reference = {"name": issuer, "kind": "ClusterIssuer"}
    spec = {"secretName": "client", "commonName": "client", "usages": ["client auth"], "issuerRef": reference}
    istio.apply(cert_manager_object("Certificate", "client", spec, namespace))
    istio.kubectl("wait", "certificate/client", "-n", namespace, "--for=condition=Ready", "--timeout=30s")
    data = istio.kubectl("get", "secret", "client", "-n", namespace)["data"]
    both = directory / "client-of-the-issuer.pem"
    both.write_bytes(base64.b64decode(data["tls.crt"]) + base64.b64decode(data["tls.key"]))
    return str(both)


def certificates_authority(directory: Path, name: str) -> KeyPair:
    pair = key_pair(directory, name)
    ensure_ca(pair, name)
    return pair


def key_pair(directory: Path, name: str) -> KeyPair:
    return KeyPair(directory / f"{name}.crt", directory / f"{name}.key")


@pytest.fixture
def partners(directory: Path) -> str:
    """The PEM text of the partners' CA."""
    return certificates_authority(directory, "partners").certificate.read_text()


def mutual(issuer: str, pem: str, mode: str = "mutual") -> dict[str, Any]:
    return by(issuer, mode=mode, client_ca={"pem": pem})


def refuses(istio: Cluster, host: str, root: Path, client_file: str | None) -> str:
    """Waits until the gateway ends the connection, and says how."""

    def check() -> str:
        result = istio.request(f"https://{host}/", ca_file=str(root), client_file=client_file)
        assert result.status is None, result
        # Not the server's certificate, which is in order, and not a port on which nobody listens.
        assert result.error is not None
        assert "ALERT" in result.error, result
        return result.error

    return eventually(check, seconds=15)


def test_only_clients_of_the_right_ca_are_let_in(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    directory: Path,
    partners: str,
    host: str,
) -> None:
    outcome = done(expose(tls=mutual(authorities.first, partners)))
    namespace = host.partition(".")[0]
    assert outcome.actions == [
        f"created Certificate {PODS}/shop.{namespace}",
        f"created Secret {PODS}/shop.{namespace}-cacert",
        f"created Gateway {namespace}/shop",
        f"created VirtualService {namespace}/shop",
    ]
    root = authorities.root
    answers(f"https://{host}/", 200, ca_file=str(root), client_file=client(directory, "partners"))
    assert "CERTIFICATE_REQUIRED" in refuses(istio, host, root, None)
    assert "UNKNOWN_CA" in refuses(istio, host, root, client(directory, "somebody"))
    # cert-manager writes the CA of the server's certificate beside it, as ca.crt. Its clients are not the partners.
    refuses(istio, host, root, client_of_the_issuer(istio, directory, authorities.first, namespace))
    assert not done(expose(tls=mutual(authorities.first, partners))).changed
    removed = done(expose(state="absent"))
    assert removed.actions == [line.replace("created", "deleted") for line in reversed(outcome.actions)]


def test_optional_mutual_lets_in_clients_without_a_certificate(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    directory: Path,
    partners: str,
    host: str,
) -> None:
    done(expose(tls=mutual(authorities.first, partners, "optional_mutual")))
    root = authorities.root
    answers(f"https://{host}/", 200, ca_file=str(root))
    answers(f"https://{host}/", 200, ca_file=str(root), client_file=client(directory, "partners"))
    assert "UNKNOWN_CA" in refuses(istio, host, root, client(directory, "somebody"))


def test_another_ca_replaces_the_first_one(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    directory: Path,
    partners: str,
    host: str,
) -> None:
    done(expose(tls=mutual(authorities.first, partners)))
    others = certificates_authority(directory, "somebody").certificate.read_text()
    predicted = done(expose(check=True, tls=mutual(authorities.first, others)))
    outcome = done(expose(tls=mutual(authorities.first, others)))
    assert [action.split()[0] for action in outcome.actions] == ["unchanged", "updated", "unchanged", "unchanged"]
    assert (predicted.actions, predicted.diff) == (outcome.actions, outcome.diff)
    root = authorities.root
    answers(f"https://{host}/", 200, ca_file=str(root), client_file=client(directory, "somebody"))
    refuses(istio, host, root, client(directory, "partners"))


def test_the_ca_goes_with_the_mode(
    istio: Cluster, expose: Expose, answers: Answers, authorities: Authorities, partners: str, host: str
) -> None:
    namespace = host.partition(".")[0]
    done(expose(tls=mutual(authorities.first, partners)))
    outcome = done(expose(tls=by(authorities.first)))
    assert outcome.actions[-1] == f"deleted Secret {PODS}/shop.{namespace}-cacert"
    assert there(istio, "secrets", namespace) == []
    answers(f"https://{host}/", 200, ca_file=str(authorities.root))


def secret(name: str, **data: str) -> dict[str, Any]:
    encoded = {key.replace("_", "."): base64.b64encode(value.encode()).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": PODS, "labels": {"test": "mutual"}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def test_a_given_ca_must_be_there_and_stays(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    directory: Path,
    partners: str,
    host: str,
) -> None:
    namespace = host.partition(".")[0]
    name = f"shop.{namespace}-cacert"
    tls = by(authorities.first, mode="mutual")
    sentence = (
        f"tls.client_ca: Gateway {namespace}/shop, servers[0] asks clients for certificates (tls.mode mutual), which "
        f"Envoy checks with the CA in Secret {PODS}/{name}, which "
    )
    assert expose(tls=tls).message.startswith(f"{sentence}does not exist (Istio would trust the issuer")
    predicted = done(expose(check=True, tls=tls))
    assert any("does not exist" in str(warning) for warning in predicted.result["warnings"])
    istio.apply(secret(name, other="x"))
    assert expose(tls=tls).message.startswith(f"{sentence}lacks the key ca.crt (its keys: other);")
    istio.apply(secret(name, ca_crt=partners))
    try:
        outcome = done(expose(tls=tls))
        assert "Secret" not in " ".join(outcome.actions)
        answers(f"https://{host}/", 200, ca_file=str(authorities.root), client_file=client(directory, "partners"))
        refuses(istio, host, authorities.root, None)
        done(expose(state="absent"))
        assert istio.kubectl("get", "secret", name, "-n", PODS)
    finally:
        istio.delete(secret(name))


def test_an_exposure_does_not_take_its_own_ca_for_a_given_one(
    istio: Cluster, expose: Expose, authorities: Authorities, partners: str, namespace: str
) -> None:
    done(expose(tls=mutual(authorities.first, partners)))
    outcome = expose(tls=by(authorities.first, mode="mutual"))
    assert "belongs to this exposure and would be removed with this option" in outcome.message
    assert there(istio, "secrets", namespace) == [f"shop.{namespace}-cacert"]


def test_a_foreign_secret_is_adopted_without_showing_what_else_it_holds(
    istio: Cluster, expose: Expose, authorities: Authorities, partners: str, namespace: str
) -> None:
    name = f"shop.{namespace}-cacert"
    # As kubectl apply leaves it: with all of it once more in an annotation.
    foreign = secret(name, ca_crt=partners, note="not for everybody")
    hidden = foreign["data"]["note"]
    foreign["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": f"note: {hidden}"}
    istio.apply(foreign)
    refused = expose(tls=mutual(authorities.first, partners))
    assert refused.message.startswith(f"Secret {PODS}/{name} exists and is not managed by this collection;")
    for check in (True, False):
        adopted = done(expose(check=check, tls=mutual(authorities.first, partners), adopt=True))
        shown = adopted.result["objects"][1]["definition"]
        assert base64.b64decode(shown["data"].pop("ca.crt")).decode() == partners
        assert shown["data"] == {}
        assert hidden not in adopted.text
        assert hidden not in refused.text
    assert "note" in istio.kubectl("get", "secret", name, "-n", PODS)["data"]


def test_a_key_never_gets_into_the_secret_or_the_output(
    istio: Cluster, expose: Expose, authorities: Authorities, directory: Path, partners: str, namespace: str
) -> None:
    key = key_pair(directory, "partners").key.read_text()
    outcome = expose(tls=mutual(authorities.first, partners + key))
    assert outcome.message.startswith("tls.client_ca.pem: it contains a private key, which no option takes;")
    assert key.splitlines()[1] not in outcome.text
    assert there(istio, "secrets", namespace) == []


def test_mutual_tls_behind_an_existing_gateway_is_its_owners_business(expose: Expose) -> None:
    outcome = expose(gateway={"existing": "infra/none"}, tls={"mode": "mutual"}, check=True)
    assert not outcome.failed
    assert [action.split()[1] for action in outcome.actions] == ["VirtualService"]


def test_on_a_shared_gateway_each_has_its_own_credentials(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    directory: Path,
    partners: str,
    host: str,
) -> None:
    namespace = host.partition(".")[0]
    shared = {"gateway": {"selector": {"istio": "public"}, "shared": "front"}}
    done(expose(name="other", hosts=[f"other-{host}"], tls=by(authorities.first), **shared))
    outcome = done(expose(tls=mutual(authorities.first, partners), **shared))
    assert outcome.actions == [
        f"created Certificate {PODS}/shop.{namespace}",
        f"created Secret {PODS}/shop.{namespace}-cacert",
        f"updated Gateway {namespace}/front",
        f"created VirtualService {namespace}/shop",
    ]
    root = authorities.root
    answers(f"https://{host}/", 200, ca_file=str(root), client_file=client(directory, "partners"))
    answers(f"https://other-{host}/", 200, ca_file=str(root))
    refuses(istio, host, root, None)
    assert not done(expose(tls=mutual(authorities.first, partners), **shared)).changed
    # Nothing but the Gateway tells where the Secret is.
    assert done(expose(state="absent")).actions == [
        f"deleted VirtualService {namespace}/shop",
        f"updated Gateway {namespace}/front",
        f"deleted Secret {PODS}/shop.{namespace}-cacert",
        f"deleted Certificate {PODS}/shop.{namespace}",
    ]
    assert there(istio, "certificates.cert-manager.io", namespace) == [f"other.{namespace}"]


@pytest.mark.parametrize("how", ["absent", "prune"])
def test_a_killed_first_run_leaves_nothing_behind_once_the_exposure_is_removed(
    istio: Cluster, expose: Expose, partners: str, host: str, namespace: str, how: str
) -> None:
    """Nothing but its own labels tells whose the Secret is: there is no Certificate, and no Gateway yet."""
    secret_name = f"{namespace}-given"
    settings = {"name": "shop", "namespace": namespace, "kubeconfig": str(istio.kubeconfig)}
    tls = {"credential_name": secret_name, "mode": "mutual", "client_ca": {"pem": partners}}
    wanted = {"hosts": [host], "service": "web", "port": 80, "gateway": PUBLIC, "tls": tls}
    kill_at_write(2, istio_exposure.main, {**settings, **wanted})
    assert there(istio, "secrets", namespace) == [f"{secret_name}-cacert"]
    scope = {"prune": {"namespaces": [namespace]}, "kubeconfig": str(istio.kubeconfig)}

    def remove(check: bool) -> Outcome:
        if how == "absent":
            return done(expose(check=check, state="absent"))
        return done(run_module(istio_exposures.main, {"exposures": [], **scope}, check))

    predicted, removed = remove(check=True), remove(check=False)
    assert (predicted.changed, predicted.diff) == (True, removed.diff)
    assert f"Secret {PODS}/{secret_name}-cacert" in removed.text
    assert there(istio, "secrets", namespace) == []
    assert not remove(check=False).changed
