# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._analysis.context import Analysis
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace import traces
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_answer import answered, asking
from ansible_collections.gatehouse.istio.plugins.module_utils._info.trace_steps import Result, Step, Trace
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.requests import Request as Asked
from ansible_collections.gatehouse.istio.plugins.module_utils._options.values import OptionError
from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import Found, ProbeResult, Request
from support import builders as b

HOST = "shop.example.com"
PORTS = ({"name": "http2", "port": 80, "targetPort": 80}, {"name": "https", "port": 443, "targetPort": 443})
NOWHERE = Found(error="Name or service not known", is_missing=True)


def follow(
    names: dict[str, Found],
    answers: list[ProbeResult] | None = None,
    balancer: dict[str, str] | None = None,
    **request: Any,
) -> tuple[Trace, Result | None, list[tuple[Request, str, int, bool]]]:
    front = b.service(f"{b.PODS}/public", *PORTS, selector=b.PUBLIC)
    front["spec"]["type"] = "LoadBalancer"
    front["status"] = {"loadBalancer": {"ingress": [balancer or {"ip": "192.0.2.10"}]}}
    gateway = b.gateway("infra/front", b.https(HOST))
    shop = b.virtual_service("shop/shop", [HOST], ["infra/front"])
    state = b.cluster(gateway, shop, front, public_service=False)
    (trace,) = traces(Analysis(state), Asked.of(f"https://{HOST}/cart", **request))
    asked: list[tuple[Request, str, int, bool]] = []

    def ask(wanted: Request, host: str, port: int, verify: bool) -> ProbeResult:
        asked.append((wanted, host, port, verify))
        return (answers or [ok()])[len(asked) - 1]

    followed, answer = answered(trace, state, ask, lambda name: names.get(name, NOWHERE))
    return followed, answer, asked


def ok(status: int = 200, body: str = "", **headers: str) -> ProbeResult:
    return ProbeResult("", "192.0.2.10", 443, status, headers, body)


def test_the_steps_before_the_gateway() -> None:
    trace, answer, asked = follow({HOST: Found(("192.0.2.10",))})
    assert trace.steps[:2] == (
        Step("dns", True, HOST, "shop.example.com is 192.0.2.10."),
        Step("address", True, None, "That is the gateway's Service (192.0.2.10)."),
    )
    # Of answers that may have no end, the bodies are not read.
    assert not asked[0][0].body
    assert [(host, port, verify) for _request, host, port, verify in asked] == [("192.0.2.10", 443, True)]
    assert answer == {
        "address": "192.0.2.10:443",
        "status": 200,
        "location": None,
        "flag": None,
        "error": None,
        "certificate_error": None,
    }


def test_dns_that_leads_elsewhere() -> None:
    trace, _answer, asked = follow({HOST: Found(("198.51.100.1",))})
    assert (trace.steps[0].ok, trace.steps[1].ok) == (True, None)
    assert trace.steps[1].message.endswith("DNS leads to something before it, or elsewhere.")
    # The answer is that of the gateway.
    assert asked[0][1] == "192.0.2.10"


def test_a_load_balancer_with_a_name() -> None:
    names = {HOST: Found(("192.0.2.7",)), "lb.example.net": Found(("192.0.2.8", "192.0.2.7"))}
    trace, _answer, _asked = follow(names, balancer={"hostname": "lb.example.net"})
    assert trace.steps[1].ok is True


def test_a_name_that_dns_does_not_have() -> None:
    trace, answer, _asked = follow({})
    assert (trace.breaks_at, trace.steps[0].ok) == ("dns", False)
    assert trace.steps[0].message == "This machine does not find shop.example.com in DNS: Name or service not known."
    assert answer is not None  # the gateway can be asked even so
    trace, _answer, _asked = follow({HOST: Found(error="try again")})
    assert (trace.breaks_at, trace.steps[0].ok) == (None, None)


def test_a_gateway_without_a_service() -> None:
    state = b.cluster(b.gateway("infra/front", b.http(HOST)), public_service=False)
    (trace,) = traces(Analysis(state), Asked.of(f"http://{HOST}/"))
    followed, answer = answered(trace, state, asking(), lambda _name: NOWHERE)
    assert answer is None
    assert followed.steps[1].message == (
        "No Service in the namespace istio-ingress selects the gateway's pods, so it is not known how clients reach it."
    )


def test_what_might_change_something_is_not_sent() -> None:
    _trace, answer, asked = follow({HOST: Found(("192.0.2.10",))}, method="POST")
    assert (answer, asked) == (None, [])


def test_a_certificate_that_clients_refuse() -> None:
    reason = f"the certificate is not valid for {HOST}: self-signed certificate"
    refused = ProbeResult("", "192.0.2.10", 443, error=f"T{reason[1:]}.", reason=reason)
    _trace, answer, asked = follow({}, [refused, ok(404)])
    assert [verify for *_rest, verify in asked] == [True, False]
    assert answer is not None
    assert (answer["status"], answer["certificate_error"], answer["error"]) == (404, reason, None)


@pytest.mark.parametrize(
    ("result", "flag"),
    [
        (ok(503, "no healthy upstream"), "UH"),
        (
            ok(503, "upstream connect error or disconnect/reset before headers. reset reason: connection termination"),
            "UC",
        ),
        (
            ok(
                503,
                "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: "
                "remote connection failure, transport failure reason: delayed connect error: 111",
            ),
            "UF",
        ),
        (ok(504, "upstream request timeout"), "UT"),
        (ok(503), None),
        (ok(503, "down for maintenance"), None),
        (ok(503, "no healthy upstream", **{"x-envoy-upstream-service-time": "1"}), None),
        (ok(404), None),
    ],
)
def test_flags(result: ProbeResult, flag: str | None) -> None:
    _trace, answer, _asked = follow({}, [result])
    assert answer is not None
    assert answer["flag"] == flag


def test_a_file_with_authorities_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(
        OptionError, match=r"^probe_ca_cert \(.*/none.pem\): it cannot be used as PEM file: No such file"
    ):
        asking(str(tmp_path / "none.pem"))
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(OptionError, match=r"^probe_ca_cert \(.*/empty.pem\): it cannot be used as PEM file"):
        asking(str(empty))
