# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the real Envoy redirects HTTP: to the port at which it serves HTTPS, and `wait` takes nothing else for it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster, eventually
from support.run_module import Outcome, run_module

PODS = "istio-ingress"
OWN, SHARED = {"selector": {"istio": "public"}}, {"selector": {"istio": "public"}, "shared": "front"}
Expose = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def surroundings(istio: Cluster, namespace: str) -> Iterator[None]:
    """A back end, a certificate, and a second Service that opens two more ports of the public gateway."""
    paths = istio.certificate(f"*.{namespace}.test")
    data = {"tls.crt": paths.crt, "tls.key": paths.key}
    beside_the_pods = [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": namespace, "namespace": PODS},
            "data": {key: base64.b64encode(path.read_bytes()).decode() for key, path in data.items()},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "public-more", "namespace": PODS},
            "spec": {
                "type": "LoadBalancer",
                "selector": istio.kubectl("get", "service", "public", "-n", PODS)["spec"]["selector"],
                "ports": [{"name": "http-more", "port": 8080}, {"name": "https-more", "port": 8443}],
            },
        },
    ]
    annotations = {"embedded.gatehouse.istio/backend": "true"}
    web = {"name": "web", "namespace": namespace, "annotations": annotations}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": web}
    istio.apply(*beside_the_pods, {**service, "spec": {"ports": [{"name": "http", "port": 80}]}})
    yield
    istio.delete(*beside_the_pods)


@pytest.fixture
def expose(istio: Cluster, namespace: str) -> Expose:
    def run(*names: str, **changes: Any) -> Outcome:
        options = {
            "name": "shop",
            "namespace": namespace,
            "hosts": [f"{name}.{namespace}.test" for name in names],
            "service": "web",
            "port": 80,
            "tls": {"credential_name": namespace, "redirect": True},
            "wait": True,
            "wait_timeout": 30,
            "kubeconfig": str(istio.kubeconfig),
            **changes,
        }
        return run_module(istio_exposure.main, options)

    return run


@pytest.mark.parametrize("ports", [(80, 443), (80, 8443), (8080, 8443), (8080, 443)])
@pytest.mark.parametrize(
    ("names", "gateway"),
    [(("a",), OWN), (("a", "b"), OWN), (("*",), OWN), (("*",), SHARED)],
    ids=["one host", "two hosts", "a wildcard", "a wildcard on a shared Gateway"],
)
def test_a_redirect_leads_to_https(
    istio: Cluster,
    expose: Expose,
    namespace: str,
    names: tuple[str, ...],
    gateway: dict[str, Any],
    ports: tuple[int, int],
) -> None:
    http, https = ports
    outcome = expose(*names, gateway={**gateway, "http_port": http, "https_port": https})
    if "*" in names and ports == (8080, 443):
        assert outcome.message.startswith(f"tls.redirect: Istio cannot redirect '*.{namespace}.test' from port 8080 to")
        return
    assert not outcome.failed, outcome.message
    for name in "ab" if "*" in names else names:
        host = f"{name}.{namespace}.test"
        for asked in (host, host.upper()):
            as_asked = asked if http == 80 else f"{asked}:{http}"
            redirected = istio.request(f"http://{host}:{http}/x?y=1", headers={"Host": as_asked})
            assert redirected.status == 301
            assert (redirected.location or "").lower() == f"https://{host}{'' if https == 443 else f':{https}'}/x?y=1"
        assert istio.request(f"https://{host}:{https}/x?y=1").status == 200


def test_wait_is_not_content_with_a_redirect_to_another_port(istio: Cluster, expose: Expose, namespace: str) -> None:
    """The Gateway of somebody else redirects to 443, where nobody serves the host."""
    hosts = [f"a.{namespace}.test"]
    tls = {"mode": "SIMPLE", "credentialName": namespace}
    servers = [
        {"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": hosts, "tls": {"httpsRedirect": True}},
        {"port": {"number": 8443, "name": "https", "protocol": "HTTPS"}, "hosts": hosts, "tls": tls},
    ]
    front = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "front", "namespace": namespace},
        "spec": {"selector": {"istio": "public"}, "servers": servers},
    }
    istio.apply(front)
    outcome = expose("a", gateway={"existing": "front", "https_port": 8443}, tls={}, wait_timeout=4)
    assert f"it answers 301 to https://{hosts[0]}/, and HTTPS is served at port 8443" in outcome.message
    eventually(lambda: _is_served(istio, f"https://{hosts[0]}:8443/"))


def _is_served(istio: Cluster, url: str) -> None:
    assert istio.request(url).status == 200
