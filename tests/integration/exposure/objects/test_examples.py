# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The EXAMPLES of istio_exposure, run one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from ansible_collections.gatehouse.istio.plugins.modules import istio_exposure
from cluster.testing import Cluster
from support.run_module import Outcome, run_module

Expose = Callable[..., Outcome]


def examples(ca: str) -> list[dict[str, Any]]:
    """The module's EXAMPLES, their variables and their file filled in."""
    text = istio_exposure.EXAMPLES
    for expression, value in {
        "istio_ingress_gateways.public.selector": {"istio": "public"},
        "istio_ingress_gateways.public.namespace": "istio-ingress",
        "lookup('ansible.builtin.file', 'partners-ca.pem')": ca,
    }.items():
        text = text.replace(f'"{{{{ {expression} }}}}"', json.dumps(value))
    result: list[dict[str, Any]] = yaml.safe_load(text)
    return result


@pytest.mark.usefixtures("cert_manager")
def test_the_documented_examples_run(istio: Cluster) -> None:
    for name in ("shop", "vault", "blog", "intranet"):
        istio.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    istio.apply({**service, "spec": {"ports": [{"name": "http", "port": 8080}]}})
    istio.apply(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "Gateway",
            "metadata": {"name": "shared", "namespace": "istio-ingress"},
            "spec": {
                "selector": {"istio": "public"},
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": ["*.example.com"]}],
            },
        }
    )
    try:
        ca = istio.layout.ca_certificate.read_text()
        tasks = [task["gatehouse.istio.istio_exposure"] for task in examples(ca)]
        assert len(tasks) == 16
        for options in tasks:
            # Their addresses, issuers and back ends are made up, so nothing would be served.
            with_connection = {**options, "wait": False, "kubeconfig": str(istio.kubeconfig)}
            assert run_module(istio_exposure.main, with_connection).changed, options
            assert not run_module(istio_exposure.main, with_connection).changed, options
    finally:
        # The examples of istio_exposures need these namespaces not to be on their way out.
        istio.kubectl("delete", "namespace", "shop", "vault", "blog", "intranet")
        istio.kubectl("delete", "gateways.networking.istio.io", "shared", "-n", "istio-ingress")
        made = (
            "certificates.cert-manager.io,secrets",
            "-n",
            "istio-ingress",
            "-l",
            "gatehouse.istio/exposure-namespace=shop",
        )
        istio.kubectl("delete", *made, "--wait=false")
