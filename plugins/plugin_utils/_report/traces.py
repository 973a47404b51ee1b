# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The report: where the requests to a host go, and where they break. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .words import Data

Part = dict[str, Any]

_STEPS = {
    "dns": "DNS",
    "address": "Address",
    "gateway_pods": "Gateway's pods",
    "listener": "Port",
    "server": "Server",
    "certificate": "Certificate",
    "virtual_host": "VirtualService",
    "route": "Route",
    "delegate": "Delegate",
    "destination": "Destination",
    "service": "Service",
    "endpoints": "Endpoints",
}
_STATES = {True: "good", False: "error", None: "unknown"}


def traces_by_exposure(traces: Iterable[Data]) -> dict[str, list[Part]]:
    """What the module returns for trace_hosts, by namespace/name of the exposures."""
    by_exposure: dict[str, list[Part]] = {}
    for trace in traces:
        by_exposure.setdefault(trace["exposure"], []).append(_trace(trace))
    return by_exposure


def _trace(trace: Data) -> Part:
    steps = [_step(step) for step in trace["steps"]]
    broken = next((step["name"] for step in steps if step["state"] == "error"), None)
    is_certain = all(step["state"] == "good" for step in steps)
    return {
        "host": trace["host"],
        "request": trace["url"] if trace["method"] == "GET" else f"{trace['method']} {trace['url']}",
        "through": trace["gateway"] or "no gateway",
        "state": "error" if broken else "good" if is_certain else "unknown",
        "broken": broken,
        "steps": steps,
        "expected": trace["expected"]["message"],
        "answer": _answer(trace["answer"]) if trace.get("answer") else None,
        "findings": list(dict.fromkeys(finding["code"] for finding in trace["findings"])),
    }


def _step(step: Data) -> Part:
    name = step["step"]
    return {
        "name": _STEPS.get(name, name),
        "state": _STATES[step["ok"]],
        "message": step["message"],
        "passed_over": [
            f"{route['name'] or route['route']} of {route['object']}: {route['why']}"
            for route in step.get("passed_over") or []
        ],
    }


def _answer(answer: Data) -> str:
    """Such as "203.0.113.10:443 answers 503 (UH)."."""
    if not answer["status"]:
        return str(answer["error"])
    flag = f" ({answer['flag']})" if answer["flag"] else ""
    location = f", and redirects to {answer['location']}" if answer["location"] else ""
    refused = answer["certificate_error"] or ""
    refused = f" But {refused}." if refused else ""
    return f"{answer['address']} answers {answer['status']}{flag}{location}.{refused}"
