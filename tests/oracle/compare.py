# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what our code says about a scenario with what istiod makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import Manifest
from oracle import truth
from oracle.envoy import End
from oracle.ours import Said, expected, said_about, said_before_writing
from oracle.predictions import unmet
from oracle.program import Oracle, Scenario
from oracle.promises import Place, full_name, servers_of
from oracle.truth import Breakage, Truth, truth_of

# What each finding says is broken. A new check is added here, or below.
EXPLAINS: dict[str, set[str]] = {
    "host-served-twice": {
        truth.DROPPED,
        truth.PORT_CLOSED,
        End.NO_ROUTE.value,
        End.NO_SERVER_NAME.value,
        End.NOT_LISTENING.value,
        End.OTHER_PROTOCOL.value,
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        truth.TAKEN,
    },
    "port-taken": {
        truth.DROPPED,
        truth.PORT_CLOSED,
        End.NO_ROUTE.value,
        End.NO_SERVER_NAME.value,
        End.NOT_LISTENING.value,
        End.OTHER_PROTOCOL.value,
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        truth.TAKEN,
    },
    "sni-twice": {End.REFUSED.value},
    "host-not-on-gateway": {  # also if they differ in case only, for which istiod makes nothing
        truth.UNLISTED,
        truth.WRONG_KIND,
        End.NO_SERVER_NAME.value,
        End.NOT_LISTENING.value,
        End.OTHER_PROTOCOL.value,
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        truth.TAKEN,
    },
    "certificate-on-two-servers": {truth.REUSED},
    "routes-shadowed": {truth.TAKEN},
    "host-redirected": {truth.REDIRECTED},
    "redirect-loop": {truth.LOOP},
    "server-shadowed": {
        truth.TAKEN,
        End.OTHER_PROTOCOL.value,
        End.NO_SERVER_NAME.value,
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        End.NO_CLUSTER.value,
    },
    "no-gateway-pods": {truth.NO_PODS},
    "gateway-missing": {truth.MISSING_GATEWAY},
    "gateway-port-closed": {truth.PORT_CLOSED, truth.DROPPED, End.NOT_LISTENING.value},
    "no-route-for-host": {
        truth.WRONG_KIND,
        truth.NEVER_ASKED,
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        End.NO_SERVER_NAME.value,
        End.NOT_LISTENING.value,
    },
    "route-unused": {truth.WRONG_KIND, truth.NEVER_ASKED, End.NO_HOST.value},  # a server's host in other letters
    "route-behind-wider": {truth.TAKEN_BY_OWN, truth.TAKEN},  # another VirtualService may take them even before
    "match-never-fulfilled": {End.NO_ROUTE.value, truth.TAKEN, truth.TAKEN_BY_OWN},
    "delegate-left-out": {truth.LOST_DELEGATE, End.NO_ROUTE.value},
    "host-without-domain": {truth.UNLISTED, End.NO_HOST.value, End.NO_SERVER_NAME.value},
    "not-discovered": {End.NO_HOST.value, End.NO_SERVER_NAME.value, End.NOT_LISTENING.value},
    "destination-not-visible": {End.NO_CLUSTER.value, truth.LOST_COPIES},
    "destination-without-endpoints": {End.NO_ENDPOINTS.value, End.NO_CLUSTER.value, truth.LOST_COPIES},
    "gateway-out-of-scope": {
        truth.DROPPED,
        truth.PORT_CLOSED,
        End.NOT_LISTENING.value,
        End.NO_SERVER_NAME.value,
        End.NO_HOST.value,
    },
    "gateway-without-namespace": {truth.MISSING_GATEWAY},
    "not-exported": {
        End.NO_HOST.value,
        End.NO_ROUTE.value,
        truth.REDIRECTED,
        End.NO_SERVER_NAME.value,
        End.NOT_LISTENING.value,
        truth.TAKEN,
        truth.LOST_DELEGATE,
    },
    "connections-shadowed": {truth.TAKEN},
    "destination-missing": {End.NO_CLUSTER.value, truth.LOST_COPIES},
    "destination-port-missing": {End.NO_CLUSTER.value, End.NO_ROUTE.value, truth.LOST_COPIES},
    "subset-missing": {End.NO_CLUSTER.value, truth.LOST_COPIES},
}
# What istiod's configuration does not show: that it ends, certificates, several gateways, protocols of applications.
NOT_JUDGED = {
    "gateway-ends-istiod",
    "secret-unusable",
    "secret-missing",
    "certificate-expired",
    "certificate-expires-soon",
    "host-not-in-certificate",
    "several-gateways",
    "gateway-not-injected",
    "destination-protocol",
    "client-ca-missing",
    "load-balancer-ends-tls",
    "rewrite-slashes",
    "cors-origin-never-matches",
    "issuer-missing",
    "issuer-cannot-prove",
    "secret-of-two-certificates",
}
# A request goes from a listener to a host to a route to a destination. What comes after the place where it ends is not
# seen.
_HOSTS = {End.NO_HOST.value, truth.REDIRECTED}
_ROUTES = {
    truth.LOOP,
    End.NO_ROUTE.value,
    truth.TAKEN,
    truth.TAKEN_BY_OWN,
    truth.LOST_DELEGATE,
}
_DESTINATIONS = {End.NO_CLUSTER.value}
_ENDPOINTS = {End.NO_ENDPOINTS.value, truth.LOST_COPIES}

MISSED, FALSE_ALARM = "missed", "false alarm"
NO_URL, DEAD_URL = "URL not named", "URL not served"
UNMET, FAILED = "wait would fail", "our code fails"


@dataclass(frozen=True)
class Disagreement:
    """kind is one of the above, about the kind of breakage, the finding's code, ... of an object."""

    kind: str
    about: str
    owner: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.about}: {self.owner}: {self.text}"


@dataclass
class Comparison:
    """Of one scenario, or of many: disagreements, and how many of what was judged."""

    disagreements: list[Disagreement] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def compare(scenario: Scenario, oracle: Oracle) -> Comparison:
    """Asks both sides. What Istio's validation refuses could not be in a cluster: it is left out first."""
    result = Comparison()
    refused = {(each.kind, each.name) for each in oracle.judge(scenario.objects) if each.errors}
    kept = [entry for entry in scenario.objects if (entry["kind"], _name(entry)) not in refused]
    accepted = replace(scenario, objects=tuple(kept))
    answer = oracle.ask(accepted)
    try:
        said = said_about(accepted)
        before = said_before_writing(accepted)
        waited = expected(accepted)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is a disagreement)
        result.disagreements.append(Disagreement(FAILED, type(error).__name__, "", str(error)))
        return result
    known = truth_of(accepted, answer)
    _compare(accepted, known, said, before, result)
    for each in waited:
        if not known.of(f"VirtualService {each.name}") and each.name not in known.replaced:
            for text in unmet(each, accepted, answer):
                result.disagreements.append(Disagreement(UNMET, each.kind, f"VirtualService {each.name}", text))
    return result


def _name(entry: Manifest) -> str:
    return f"{entry['metadata'].get('namespace', '')}/{entry['metadata']['name']}"


def _compare(scenario: Scenario, known: Truth, said: list[Said], before: Said | None, result: Comparison) -> None:
    for mine in [*said, *([before] if before else [])]:
        broken = known.of(mine.owner)
        missed = list(_missed(mine, broken))
        false = list(_false_alarms(mine, broken, known, scenario))
        result.disagreements += [*missed, *false]
        if not broken and mine is not before and mine.kind == "VirtualService":
            result.disagreements += _urls(mine, known)
        result.counts.update(_counts(mine, broken, missed, false))


def _counts(mine: Said, broken: list[Breakage], missed: list[Disagreement], false: list[Disagreement]) -> Counter[str]:
    judged = len(mine.codes & EXPLAINS.keys())
    kinds = len({entry.kind for entry in broken})
    counts = Counter(
        {"exposures": 1, "broken": kinds, "missed": len(missed), "findings": judged, "false alarms": len(false)}
    )
    if not broken and not false:
        counts["served and silent"] += 1
    if broken and not missed:
        counts["broken and told"] += 1
    return counts


def _missed(mine: Said, broken: list[Breakage]) -> Iterator[Disagreement]:
    """One for each kind of breakage that no finding explains."""
    explained = {kind for code in mine.codes for kind in EXPLAINS.get(code, ())}
    by_kind = {entry.kind: entry for entry in reversed(broken)}
    for kind, entry in by_kind.items():
        if kind not in explained:
            yield Disagreement(MISSED, kind, entry.owner, f"{entry.where}{f' (by {entry.by})' if entry.by else ''}")


def _false_alarms(mine: Said, broken: list[Breakage], known: Truth, scenario: Scenario) -> Iterator[Disagreement]:
    depth = min((_depth(entry.kind) for entry in broken), default=9)
    for code, objects, message in mine.findings:
        kinds = EXPLAINS.get(code)
        if kinds is None:
            if code not in NOT_JUDGED:
                yield Disagreement(
                    FALSE_ALARM, code, mine.owner, "the oracle does not know this check: add it to EXPLAINS"
                )
            continue
        theirs = [entry for name in objects for entry in known.of(name)]
        is_right = any(entry.kind in kinds for entry in [*broken, *theirs])
        if any(entry.kind == truth.NO_PODS for entry in theirs):
            continue  # what it says is about pods that may come
        if mine.name in known.replaced and End.NO_HOST.value in kinds:
            continue  # nobody notices that it is not served itself
        if not is_right and depth >= max(map(_depth, kinds)) and not _is_unknown(code, objects, scenario):
            yield Disagreement(FALSE_ALARM, code, mine.owner, message)


def _depth(kind: str) -> int:
    """How far a request came; whether something is behind a destination matters only if that is there."""
    order = (_HOSTS, _ROUTES, _DESTINATIONS, _ENDPOINTS, {truth.REUSED})
    return next((depth for depth, kinds in enumerate(order, 1) if kind in kinds), 0)


def _is_unknown(code: str, objects: tuple[str, ...], scenario: Scenario) -> bool:
    """Whether a dropped server would leave no trace, because it is none of HTTP or HTTPS."""
    named = [entry for entry in scenario.of_kind("Gateway") if f"Gateway {full_name(entry)}" in objects]
    kinds = {server.kind for entry in named for server in servers_of(entry)}
    return code in ("host-served-twice", "port-taken", "gateway-out-of-scope") and bool(kinds - {"http", "https"})


def _urls(mine: Said, known: Truth) -> Iterator[Disagreement]:
    """Of a VirtualService of which nothing is broken: where it answers is a URL, and nothing else is."""
    answering = {url for place in known.answering if place.virtual_service == mine.name and (url := _url(place))}
    named = {(parts.scheme, parts.netloc) for parts in map(urlsplit, mine.urls)}
    for scheme, netloc in sorted(answering - named):
        yield Disagreement(NO_URL, scheme, mine.owner, f"{scheme}://{netloc}/ is served")
    for scheme, netloc in sorted(named - answering):
        yield Disagreement(DEAD_URL, scheme, mine.owner, f"{scheme}://{netloc}/ is not")


def _url(place: Place) -> tuple[str, str] | None:
    scheme = {"http": "http", "https": "https", "passthrough": "https"}.get(place.server.kind)
    if scheme is None:
        return None
    number = place.server.number
    return scheme, place.host if number == {"http": 80, "https": 443}[scheme] else f"{place.host}:{number}"
