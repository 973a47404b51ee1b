# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The requests of `wait`, sent to what istiod made: of an exposure of which nothing is broken, each must be met."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from oracle.envoy import End, Outcome, Request, send
from oracle.ours import Expected
from oracle.program import Answer, Scenario
from oracle.promises import full_name, pod_ports, pods_of

_NO_HANDSHAKE = (End.NOT_LISTENING, End.REFUSED, End.NO_SERVER_NAME)
_DEFAULTS = {"http": 80, "https": 443}


def unmet(expectation: Expected, scenario: Scenario, answer: Answer) -> Iterator[str]:
    """What a request of `wait` meets instead, at each pod of the Gateway."""
    (gateway,) = [entry for entry in scenario.of_kind("Gateway") if full_name(entry) == expectation.gateway]
    for pod in pods_of(gateway, scenario):
        for port in pod_ports(pod, expectation.number, scenario):
            url = urlsplit(expectation.url)
            request = Request(url.scheme, url.hostname or "", port, url.path, number=expectation.number)
            served = answer.pods[full_name(pod)]
            if expectation.kind == "handshake":
                request = Request("tls", request.host, port)
            outcome = send(request, served)
            if not _is_met(expectation, outcome):
                yield f"{expectation.kind} of {expectation.url}: {outcome}"
            elif expectation.kind == "redirect":
                target = urlsplit(outcome.location)
                number = target.port or _DEFAULTS[target.scheme]
                ports = pod_ports(pod, number, scenario)
                if not any(send(Request("tls", request.host, each), served).end not in _NO_HANDSHAKE for each in ports):
                    yield f"redirect of {expectation.url} to {outcome.location}, where nothing serves it"


def _is_met(expectation: Expected, outcome: Outcome) -> bool:
    if expectation.kind == "handshake":
        return outcome.end not in _NO_HANDSHAKE
    if expectation.kind == "redirect":
        return outcome.location.startswith("https:")
    return outcome.is_served and outcome.virtual_service == expectation.name
