# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""What istio_exposure_info returns → the content of the report's page, in the page's order. Pure.

A value is None if it is unknown because the account may not read it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .traces import traces_by_exposure
from .words import (
    Data,
    conditions,
    destinations,
    difference,
    issuer,
)

Part = dict[str, Any]

# The bar of a certificate is full with what most authorities give.
_FULL_DAYS = 90
_URGENT_DAYS = 7  # as the check certificate-expires-soon
_SOON_DAYS = 30
_URL = re.compile(r"(https?)://([^/:*]+)(?::[0-9]+)?/")


def exposure_report(exposed: Data) -> Part:
    """The page of what the module returned, and a digest that changes if anything on the page does."""
    content = page(exposed)
    return {**content, "digest": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()}


def page(result: Data) -> Part:
    """Everything on the page but its title and time."""
    exposures = [plain(exposure) for exposure in result["exposures"]]
    unused = [plain(gateway) for gateway in result.get("unused_gateways") or []]
    certificates = _certificates(exposures)
    by_secret = {one["secret"]: one for one in certificates}
    parts: Part = {
        "findings": _findings(exposures, unused),
        "certificates": certificates,
        "no_certificate": _no_certificate(exposures),
        "namespaces": _namespaces(exposures, by_secret, traces_by_exposure(plain(result.get("traces") or []))),
        "gateways": _gateways(exposures, unused),
        "comparison": _comparison(plain(result), exposures) if "missing" in result else None,
        "unknown": [str(text) for text in result.get("warnings") or []],
    }
    return {"summary": _summary(exposures, parts), **parts}


def plain(value: Any) -> Any:
    """The value without what Ansible has put around it, which neither YAML nor JSON can write."""
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, str):
        return "".join(value)
    return value


def _key(exposure: Data) -> str:
    return f"{exposure['namespace']}/{exposure['name']}"


def _link(kind: str, name: str) -> Part:
    """A name, and the id of the element about it, quoted so that a link can name it."""
    return {"name": name, "id": f"{kind}:{quote(name, safe='/')}"}


def _exposure_link(exposure: Data) -> Part:
    return _link("exposure", _key(exposure))


def _add(links: list[Part], exposure: Data) -> None:
    """Once: callers go through the exposures in turn, so only the last link can be the same."""
    link = _exposure_link(exposure)
    if links[-1:] != [link]:
        links.append(link)


def _summary(exposures: list[Part], parts: Part) -> Part:
    days = [one["days_left"] for one in parts["certificates"]]
    return {
        "exposures": len(exposures),
        "foreign": sum(not exposure["managed"] for exposure in exposures),
        "hosts": len({host for exposure in exposures for host in exposure["hosts"]}),
        "lost": len({trace["host"] for trace in _traces(parts) if trace["state"] == "error"}),
        "gateways": sum(len(group["gateways"]) for group in parts["gateways"]),
        "errors": _count(parts["findings"], "error"),
        "warnings": _count(parts["findings"], "warning"),
        "certificates": len(days),
        "expired": sum(left < 0 for left in days),
        "urgent": sum(0 <= left < _URGENT_DAYS for left in days),
        "soon": sum(0 <= left < _SOON_DAYS for left in days),
    }


def _traces(parts: Part) -> Iterator[Part]:
    for namespace in parts["namespaces"]:
        for exposure in namespace["exposures"]:
            yield from exposure["traces"]


def _count(findings: list[Part], level: str) -> int:
    return sum(len(group["entries"]) for group in findings if group["level"] == level)


def _findings(exposures: list[Part], unused: list[Part]) -> list[Part]:
    """By level and code, errors first; a finding of several exposures is listed once, with links to them."""
    groups: dict[tuple[str, str], dict[tuple[str, ...], Part]] = {}
    for judged, is_exposure in [*((one, True) for one in exposures), *((one, False) for one in unused)]:
        for one in judged.get("findings") or []:
            entries = groups.setdefault((one["level"], one["code"]), {})
            entry = entries.setdefault(
                (one["message"], one["fix"], *one["objects"]),
                {"message": one["message"], "fix": one["fix"], "objects": one["objects"], "exposures": []},
            )
            if is_exposure:
                _add(entry["exposures"], judged)
    ordered = sorted(groups, key=lambda group: (group[0] != "error", group[1]))
    return [{"level": level, "code": code, "entries": list(groups[level, code].values())} for level, code in ordered]


def _certificates(exposures: list[Part]) -> list[Part]:
    """One of each Secret, those that end first at the top."""
    by_secret: dict[str, Part] = {}
    for exposure in exposures:
        for served in exposure["tls"]:
            certificate = served["certificate"]
            if not certificate:
                continue
            one = by_secret.setdefault(certificate["secret"], _certificate(certificate))
            _add(one["exposures"], exposure)
    return sorted(by_secret.values(), key=lambda one: (one["days_left"], one["secret"]))


def _certificate(certificate: Data) -> Part:
    left = certificate["days_left"]
    return {
        **_link("certificate", certificate["secret"]),
        "secret": certificate["secret"],
        "names": certificate["names"],
        "issuer": issuer(certificate["issuer"]),
        "ends": certificate["not_after"],
        "days_left": left,
        "urgency": _urgency(left),
        "percent": max(0, min(100, round(100 * left / _FULL_DAYS))),
        "exposures": [],
    }


def _urgency(days_left: int) -> str:
    if days_left < 0:
        return "expired"
    return "urgent" if days_left < _URGENT_DAYS else "soon" if days_left < _SOON_DAYS else "fine"


def _no_certificate(exposures: list[Part]) -> list[Part]:
    """The Secrets that servers name and that have no certificate, or may not be read."""
    by_server: dict[tuple[str, str], Part] = {}
    for exposure in exposures:
        for served in exposure["tls"]:
            if served["credential_name"] and not served["certificate"]:
                at = (served["credential_name"], served["gateway"])
                one = by_server.setdefault(at, {"secret": at[0], "gateway": at[1], "exposures": []})
                _add(one["exposures"], exposure)
    return [by_server[at] for at in sorted(by_server)]


def _namespaces(exposures: list[Part], certificates: Data, traces: Mapping[str, list[Part]]) -> list[Part]:
    by_namespace: dict[str, list[Part]] = {}
    for exposure in exposures:
        shown = {**_exposure(exposure, certificates), "traces": traces.get(_key(exposure), [])}
        by_namespace.setdefault(exposure["namespace"], []).append(shown)
    return [{"name": name, "exposures": by_namespace[name]} for name in sorted(by_namespace)]


def _exposure(exposure: Part, certificates: Data) -> Part:
    levels = [one["level"] for one in exposure.get("findings") or []]
    return {
        **_exposure_link(exposure),
        "managed": exposure["managed"],
        "hosts": [_host(host, exposure["urls"]) for host in exposure["hosts"]],
        "errors": levels.count("error"),
        "warnings": levels.count("warning"),
        "gateways": [_exposure_gateway(gateway) for gateway in exposure["gateways"]],
        "tls": [_tls(served, certificates) for served in exposure["tls"]],
        "routes": [
            {
                "name": route["name"],
                "protocol": route["protocol"],
                "matches": [conditions(match) for match in route["match"]] or [["everything"]],
                "destinations": destinations(route),
            }
            for route in exposure["routes"]
        ],
    }


def _host(host: str, urls: Iterable[str]) -> Part:
    """Its URLs, the encrypted ones first; a wildcard's lead nowhere."""
    mine = [url for url in urls if (match := _URL.fullmatch(url)) and match[2] == host]
    return {"name": host, "urls": sorted(mine, key=lambda url: not url.startswith("https:"))}


def _exposure_gateway(gateway: Data) -> Part:
    return {**_gateway_link(gateway), "kind": gateway["kind"], "addresses": gateway["addresses"]}


def _gateway_link(gateway: Data) -> Part:
    return _link("gateway", f"{gateway['namespace']}/{gateway['name']}")


def _tls(served: Data, certificates: Data) -> Part:
    certificate = served["certificate"]
    return {
        "mode": served["mode"],
        "port": served["port"],
        "credential": served["credential_name"],
        "certificate": certificates[certificate["secret"]] if certificate else None,
    }


def _gateways(exposures: list[Part], unused: list[Part]) -> list[Part]:
    """The Gateways by the pods that serve them: people call these the gateway, too. Missing ones come first."""
    groups: dict[str, Part] = {}
    nothing: list[tuple[Part | None, Part]] = [(None, {**one, "kind": "unused", "addresses": []}) for one in unused]
    for exposure, gateway in [*((one, gateway) for one in exposures for gateway in one["gateways"]), *nothing]:
        selector = gateway["selector"]
        pods = None if selector is None else [f"{name}={value}" for name, value in sorted(selector.items())]
        there = gateway["pods_namespaces"]
        group = groups.setdefault(
            f"{pods} {there}", {"pods": pods, "namespaces": there, "addresses": [], "gateways": {}}
        )
        group["addresses"] += [one for one in gateway["addresses"] or [] if one not in group["addresses"]]
        link = _gateway_link(gateway)
        one = group["gateways"].setdefault(link["name"], {**link, "kind": gateway["kind"], "exposures": []})
        if exposure:
            _add(one["exposures"], exposure)
    ordered = sorted(groups.values(), key=lambda group: (group["pods"] is not None, group["pods"] or []))
    return [{**group, "gateways": [group["gateways"][name] for name in sorted(group["gateways"])]} for group in ordered]


def _comparison(result: Part, exposures: list[Part]) -> Part:
    return {
        "missing": result["missing"],
        "orphans": [{**_exposure_link(orphan), "hosts": orphan["hosts"]} for orphan in result["orphans"]],
        "drifting": [
            {**_exposure_link(exposure), "changes": [_change(change) for change in exposure["drift"]]}
            for exposure in exposures
            if exposure["drift"]
        ],
        "same": sum(exposure["drift"] == [] for exposure in exposures),
    }


def _change(change: Part) -> Part:
    if change["action"] == "refused":
        return {"action": "refused", "message": change["message"], "lines": []}
    return {
        "action": change["action"],
        "object": f"{change['kind']} {change['namespace']}/{change['name']}",
        "lines": difference(change["before"], change["after"]),
    }
