# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What exposures cannot have together on a shared Gateway, and what they can change together."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    ExposureKey,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.contribution import (
    Contribution,
    SharedGatewayError,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.shared_gateway import (
    Change,
    contribution_of,
    exposures_on,
)
from support.contributions import AT, SIMPLE, contribution, http, https, join, server

REFUSED: dict[str, tuple[Contribution, str]] = {
    "selector": (
        contribution("b", http("b.example.com"), selector={"istio": "internal"}),
        (
            "gateway.selector: Gateway infra/front is shared with the exposure shop/a and selects pods with "
            "istio=public; give the same selector, change all of them in one task of istio_exposures, or share another "
            "Gateway."
        ),
    ),
    "host": (
        contribution("b", https("b.example.com", "a.example.com", minProtocolVersion="TLSV1_3")),
        (
            "hosts: Gateway infra/front serves 'a.example.com' on port 443 with other TLS settings, for the exposure "
            "shop/a; give both the same tls, or remove the host from one of them."
        ),
    ),
    "passthrough": (
        contribution("b", server("TLS", 443, "a.example.com", tls={"mode": "PASSTHROUGH"})),
        (
            "hosts: Gateway infra/front serves 'a.example.com' on port 443 with other TLS settings, for the exposure "
            "shop/a; give both the same tls, or remove the host from one of them."
        ),
    ),
    "port": (
        contribution("b", server("HTTP", 443, "b.example.com")),
        (
            "gateway: port 443 of Gateway infra/front serves HTTPS for the exposure shop/a and cannot serve HTTP, "
            "too; choose another port, or share another Gateway."
        ),
    ),
}


def test_a_tcp_port_cannot_be_shared() -> None:
    live = join(None, contribution("a", server("TCP", 5432, "a.example.com")))
    with pytest.raises(
        SharedGatewayError, match=r"port 5432 of .* is used by the exposure shop/a, and only HTTP and TLS"
    ):
        join(live, contribution("b", server("TCP", 5432, "b.example.com")))


@pytest.mark.parametrize(("added", "sentence"), REFUSED.values(), ids=REFUSED)
def test_conflicting_contributions_are_refused(added: Contribution, sentence: str) -> None:
    live = join(None, contribution("a", https("a.example.com"), http("a.example.com")))
    with pytest.raises(SharedGatewayError, match=f"^{re.escape(sentence)}$"):
        join(live, added)


ONE_SERVICE = (
    "on port 443 for the exposure shop/a, and one Gateway sends the connections for a server name to one Service only; "
    "give each exposure other hosts, or a Gateway of its own."
)


@pytest.mark.parametrize(
    ("tls", "other_tls", "there", "added", "what"),
    [
        ({"mode": "PASSTHROUGH"}, {}, "a.example.com", "a.example.com", "'a.example.com'"),
        (SIMPLE, {}, "a.example.com", "a.example.com", "'a.example.com'"),
        (SIMPLE, {}, "*.example.com", "a.example.com", "'*.example.com', which overlaps 'a.example.com',"),
        (
            SIMPLE,
            {"credentialName": "other"},
            "a.example.com",
            "*.example.com",
            "'a.example.com', which overlaps '*.example.com',",
        ),
    ],
)
def test_connections_of_one_server_name_have_one_service(
    tls: dict[str, Any], other_tls: dict[str, Any], there: str, added: str, what: str
) -> None:
    live = join(None, contribution("a", server("TLS", 443, there, tls=tls)))
    sentence = f"hosts: Gateway infra/front serves {what} {ONE_SERVICE}"
    with pytest.raises(SharedGatewayError, match=f"^{re.escape(sentence)}$"):
        join(live, contribution("b", server("TLS", 443, "b.example.org", added, tls={**tls, **other_tls})))
    for port in (443, 8443):  # another host, and the same one at another port
        join(live, contribution("b", server("TLS", port, added if port != 443 else "b.example.org", tls=tls)))


def test_changes_that_conflict_with_what_the_others_had_are_one_write() -> None:
    live = None
    for name in ("a", "b", "c"):
        live = join(live, contribution(name, https("both.example.com", f"{name}.example.com")))
    new = {name: contribution(name, https("both.example.com", credentialName="new")) for name in ("a", "b")}
    changes = [Change(AT, one.exposure, one, contribution_of(live or {}, one.exposure)) for one in new.values()]
    removal = Change(AT, ExposureKey("shop", "c"), None)
    first, second = changes
    for other in ((second,), (second, removal)):
        change = replace(first, together=other)
        if removal not in other:
            with pytest.raises(SharedGatewayError, match="for the exposure shop/c"):
                change.applied_to(live)
            continue
        after = change.applied_to(live)
        assert after is not None
        assert exposures_on(after) == ["shop/a", "shop/b"]
        assert {s["tls"]["credentialName"] for s in after["spec"]["servers"]} == {"new"}
        assert replace(second, together=(first, removal)).applied_to(after) == after
