# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role cert_manager with real Helm and cert-manager: what it installs, writes, removes and refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import yaml

from cluster.layout import REPOSITORY
from cluster.playbooks import PlaybookResult
from cluster.testing import Cluster
from support.cert_manager_role import ABSENT, COMPANY_CA, PLAY, ROLE, TOKEN, certificate, issuer, secret

MARKER = "a-value-that-may-be-a-secret"
GONE = {"cert_manager_state": "absent"}
ANNOTATED = {"podAnnotations": {"example.com/token": MARKER}}
ROOT = {"name": "root", "self_signed": {}}
COMPANY = {"name": "company", "ca": {"secret_name": "company-ca"}}
SHOP = {
    "name": "shop",
    "namespace": "edge",
    "issuer": {"name": "company"},
    "dns_names": ["shop.example.com"],
    "duration": "48h",
}
PROVIDER = {"name": "provider", "data": {"token": TOKEN}}
SITE: dict[str, Any] = {
    "cert_manager_issuers": [ROOT, COMPANY],
    "cert_manager_certificates": [COMPANY_CA, SHOP],
    "cert_manager_secrets": [PROVIDER],
    "cert_manager_ready_timeout": 60,
}


def written(result: PlaybookResult, task: str = "Apply the issuers and certificates") -> dict[str, bool]:
    """By object, whether it changed."""
    items = result.task(task).result["results"]
    return {item["cert_manager__item"]["id"]: item["changed"] for item in items}


def diffs(result: PlaybookResult) -> list[dict[str, Any]]:
    items = result.task("Apply the issuers and certificates").result["results"]
    return [item["diff"] for item in items if item.get("diff")]


def names(cluster: Cluster, kind: str) -> list[str]:
    return [item["metadata"]["name"] for item in cluster.kubectl("get", kind, "--all-namespaces")["items"]]


def releases(cluster: Cluster) -> list[str]:
    return [line.split()[0] for line in cluster.helm("list", "--all-namespaces").splitlines()[1:]]


def test_from_an_empty_cluster_and_back(new_cluster: Callable[[], Cluster]) -> None:
    own = new_cluster()
    crds = names(own, "customresourcedefinitions")
    check_mode_on_a_cluster_that_never_saw_cert_manager(own)
    assert (names(own, "customresourcedefinitions"), releases(own)) == (crds, [])
    install(own)
    upgrade(own)
    remove_single_objects(own)
    remove_but_keep_the_crds_and_install_again(own)
    all_gone = {**GONE, "cert_manager_remove_crds": True}
    assert own.playbook(ROLE, all_gone).changed == 2  # the CRDs and the release
    assert names(own, "customresourcedefinitions") == crds
    assert own.playbook(ROLE, all_gone).changed == 0


def check_mode_on_a_cluster_that_never_saw_cert_manager(own: Cluster) -> None:
    checked = own.playbook(ROLE, SITE, check=True, diff=True)
    told = checked.task("Predict objects whose namespace or API does not exist yet in check mode")
    assert [item["msg"] for item in told.result["results"]] == [
        "The Secret cert-manager/provider would be created.",
        "The ClusterIssuer root would be created.",
        "The ClusterIssuer company would be created.",
        "The Certificate cert-manager/company-ca would be created.",
        "The Certificate edge/shop would be created.",
    ]
    assert "edge" not in names(own, "namespaces")


def install(own: Cluster) -> None:
    first = own.playbook(ROLE, SITE, diff=True)
    assert all(written(first).values())
    assert TOKEN not in first.output
    leaf = secret(own, "shop", "edge")
    assert leaf["ca.crt"] == secret(own, "company-ca", "cert-manager")["tls.crt"]
    assert secret(own, "provider", "cert-manager") == {"token": TOKEN}

    for check in (True, False):
        assert own.playbook(ROLE, SITE, check=check).changed == 0


def upgrade(own: Cluster) -> None:
    without_duration = {key: value for key, value in SHOP.items() if key != "duration"}
    changed = {
        **SITE,
        "cert_manager_values": ANNOTATED,
        "cert_manager_certificates": [COMPANY_CA, without_duration],
        "cert_manager_secrets": [{**PROVIDER, "data": {"other": TOKEN}}],
    }
    for check in (True, False):
        upgraded = own.playbook(ROLE, changed, check=check, diff=True)
        assert upgraded.changed == 3  # the release, the Secret, the certificate
        assert diffs(upgraded) == [{"before": {"spec": {"duration": "48h"}}, "after": {"spec": {}}}]
        assert MARKER not in upgraded.output
        assert TOKEN not in upgraded.output
    assert MARKER in own.helm("get", "values", "cert-manager", "--namespace=cert-manager")
    assert secret(own, "provider", "cert-manager") == {"other": TOKEN}
    assert "duration" not in own.kubectl("get", "certificate", "shop", "-n", "edge")["spec"]


def remove_single_objects(own: Cluster) -> None:
    gone = {
        "cert_manager_issuers": [{**COMPANY, **ABSENT}],
        "cert_manager_certificates": [{**SHOP, **ABSENT}, {"name": "never", "namespace": "edge", **ABSENT}],
        "cert_manager_secrets": [{**PROVIDER, **ABSENT}],
        "cert_manager_values": ANNOTATED,
    }
    task = "Remove unwanted objects, certificates first"
    for check in (True, False):
        removed = own.playbook(ROLE, gone, check=check)
        assert written(removed, task) == {
            "Certificate edge/shop": True,
            "ClusterIssuer company": True,
            "Secret cert-manager/provider": True,
        }
    assert names(own, "certificates") == ["company-ca"]
    assert names(own, "clusterissuers") == ["root"]


def remove_but_keep_the_crds_and_install_again(own: Cluster) -> None:
    left = own.playbook(ROLE, GONE).task("List what is left").result["ansible_facts"]
    assert left["cert_manager_changed"]
    assert left["cert_manager_left"]["api_groups"] == ["acme.cert-manager.io", "cert-manager.io"]
    assert left["cert_manager_left"]["namespaces"] == ["cert-manager"]
    assert "company-ca" in left["cert_manager_left"]["secrets"]
    assert (releases(own), names(own, "certificates")) == ([], ["company-ca"])

    again = own.playbook(ROLE, SITE)
    assert written(again) == {
        "ClusterIssuer root": False,
        "ClusterIssuer company": True,
        "Certificate cert-manager/company-ca": False,
        "Certificate edge/shop": True,
    }


def test_variables_and_objects_that_cannot_work_are_refused_before_the_first_write(
    cert_manager: Cluster, namespace: str
) -> None:
    two = issuer("two", namespace, ca={"secret_name": "a"}, self_signed={})
    named = {"cert_manager_issuers": [two, two], "cert_manager_certificates": [{**SHOP, "dns_names": ["a_b"]}]}
    result = cert_manager.playbook(ROLE, named, may_fail=True)
    assert result.message == (
        f"The Issuer {namespace}/two must have one type, but has ca and self_signed. "
        f"The Issuer {namespace}/two must have one type, but has ca and self_signed. "
        "The Certificate edge/shop lists 'a_b', which is not a DNS name; write one such as shop.example.com or "
        f"*.example.com. The Issuer {namespace}/two is listed 2 times; list it once."
    )
    assert result.changed == 0

    theirs = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "theirs", "namespace": namespace}}
    cert_manager.apply({**theirs, "stringData": {"token": "theirs"}})
    solver = {"dns01": {"cloudflare": {"apiTokenSecretRef": {"name": "cloudflare", "key": "api-token"}}}}
    missing = {
        "cert_manager_issuers": [issuer("le", namespace, acme={"server": "staging", "solvers": [solver]})],
        "cert_manager_certificates": [certificate("shop", namespace, "typo", "shop.example.com")],
        "cert_manager_secrets": [{"name": "theirs", "namespace": namespace, "data": {"token": TOKEN}}],
    }
    # Also shows that the connection may come from where kubernetes.core takes it.
    defaults = {
        f"group/kubernetes.core.{group}": {"kubeconfig": str(cert_manager.kubeconfig)} for group in ("k8s", "helm")
    }
    play = PLAY.format(keywords=f"module_defaults: {json.dumps(defaults)}")
    result = cert_manager.playbook(play, {**missing, "istio_kubeconfig": ""}, may_fail=True)
    assert result.message == (
        f"The Secret {namespace}/theirs exists and was not created by this role; choose another name, or set "
        f"cert_manager_adopt to true to manage it from now on. The Issuer {namespace}/le reads the Secret "
        f"{namespace}/cloudflare, which does not exist; add it to cert_manager_secrets with the key 'api-token', or "
        f"create it first. The Certificate {namespace}/shop is issued by the Issuer {namespace}/typo, which does not "
        "exist; add it to cert_manager_issuers, or correct issuer.name and issuer.kind."
    )
    assert result.changed == 0
    assert TOKEN not in result.output
    assert secret(cert_manager, "theirs", namespace) == {"token": "theirs"}


def test_what_the_api_server_refuses_is_one_sentence_with_what_was_written(
    cert_manager: Cluster, namespace: str
) -> None:
    keys = {"type": "kubernetes.io/tls", "data": {"token": TOKEN}}
    bad_secret = {"cert_manager_secrets": [{"name": "bad", "namespace": namespace, **keys}]}
    result = cert_manager.playbook(ROLE, bad_secret, may_fail=True, diff=True)
    assert result.message.startswith(f"The cluster refuses the Secret {namespace}/bad: ")
    assert result.message.endswith("Required value]. Applied so far: nothing.")
    assert TOKEN not in result.output
    assert "Traceback" not in result.output

    good, bad = issuer("good", namespace, self_signed={}), issuer("bad", namespace, spec={"acme": {"server": "a"}})
    result = cert_manager.playbook(ROLE, {"cert_manager_issuers": [bad, good]}, may_fail=True)
    assert result.message.startswith(f"The cluster refuses the Issuer {namespace}/bad: ")
    assert "spec.acme.privateKeySecretRef: Required value" in result.message
    assert result.message.endswith(f"Applied so far: Issuer {namespace}/good.")


def recipes(pem: str) -> dict[str, list[dict[str, Any]]]:
    """What docs/certificates.md gives to the role, as one site; its lookups and vaulted variables are replaced."""
    text = (REPOSITORY / "docs" / "certificates.md").read_text()
    text = re.sub(r'"\{\{ lookup\(.*?\) \}\}"', lambda _match: json.dumps(pem), text)
    site: dict[str, list[dict[str, Any]]] = {}
    for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)):
        content = yaml.safe_load(block)
        plays = content if isinstance(content, list) else []
        given = (
            [content]
            if isinstance(content, dict)
            else [task.get("vars", {}) for play in plays for task in play.get("tasks", [])]
        )
        for variables in given:
            for name, entries in variables.items():
                renamed = [
                    {**entry, "name": f"{entry['name']}-{number}"}
                    for entry in entries
                    if entry["name"] == "letsencrypt"
                ]
                site.setdefault(name, []).extend(renamed or entries)
    return site


def test_the_recipes_of_the_docs_are_what_cert_manager_accepts(cert_manager: Cluster) -> None:
    """By a dry run, which checks them by the CRDs and asks the webhook: their providers cannot be reached from here."""
    site = recipes(cert_manager.layout.ca_certificate.read_text())
    secrets = {
        entry["name"]: {**entry, "data": dict.fromkeys(entry["data"], TOKEN)} for entry in site["cert_manager_secrets"]
    }
    made = {entry["name"] for entry in site["cert_manager_certificates"]}
    assert secrets.keys() >= {"cloudflare", "route53", "tsig", "acme-account", "vault-token", "company-ca"}
    site["cert_manager_secrets"] = [entry for name, entry in secrets.items() if name not in made]
    result = cert_manager.playbook(ROLE, site, check=True)
    assert all(written(result).values())
    solvers = [solver for entry in site["cert_manager_issuers"] for solver in entry.get("acme", {}).get("solvers", [])]
    assert {next(iter(solver["dns01"])) for solver in solvers if "dns01" in solver} == {
        "cloudflare",
        "route53",
        "rfc2136",
    }
