# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Waits until an exposure is served: real requests for each of its hosts, through each address of its gateway."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .._istio.addresses import (
    Entrance,
    Surroundings,
    entrances,
    keeps_out,
    running,
)
from .._istio.x509 import (
    CRYPTOGRAPHY_IS_MISSING,
    Identity,
    identify,
    identify_secret,
)
from .._kubernetes.client import FORBIDDEN, ClusterError
from .._kubernetes.objects import Manifest, Ref
from .._kubernetes.reader import Reader
from .._options.exposure import Exposure
from .._options.probe import Probe
from .._options.values import OptionError
from .._task import Task
from .deadline import Limit
from .expectations import (
    HANDSHAKE,
    Wanted,
    objections,
    sentences,
    wanted,
)
from .probe import Request, ask, tls_client

Result = dict[str, Any]
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 1.0
_REQUEST_SECONDS = 5.0
# An answer does not tell which version of the objects it follows. Envoy has a new one well within this time.
_SETTLE_SECONDS = 1.0


@dataclass
class Watch:
    """What must be asked, the way there, and what came of it so far: good answers, or one sentence."""

    task: Task
    cluster: Reader
    probe: Probe
    wishes: list[Wanted]
    selector: dict[str, str]
    pods_namespace: str | None
    tls: ssl.SSLContext
    around: Surroundings = field(default_factory=Surroundings)
    served: dict[tuple[Wanted, Entrance], Result] = field(default_factory=dict)
    missing: dict[tuple[Wanted, Entrance], str] = field(default_factory=dict)

    def is_kept_from(self, leaving: Manifest) -> bool:
        """Whether nothing new is served before this object is gone."""
        if leaving["kind"] != "Gateway":
            return False
        ports = {wish.number for wish in self.wishes if wish.is_tls}
        pods_are_known = self.around.pods or not self.probe.addresses
        return keeps_out(leaving, self.selector, ports, self.around.pods if pods_are_known else None)


def prepare(
    task: Task,
    cluster: Reader,
    exposure: Exposure,
    gateway: Manifest | None,
    virtual_service: Manifest,
    probe: Probe,
) -> Watch:
    """Finds all that would make the wait pointless before the first write; raises OptionError or ClusterError."""
    at = Ref("Gateway", exposure.gateway.namespace, exposure.gateway.name)
    if gateway is None:
        raise ClusterError(
            f"wait: {at} may not be read with these credentials, so it is not known where to ask whether the hosts are "
            "served; give the right to get it, or set probe.enabled: false."
        )
    redirected = exposure.gateway.http_port if exposure.tls.redirect else None
    wishes, unserved = wanted(exposure.hosts, gateway, virtual_service, redirected, probe)
    if unserved:
        raise OptionError(
            f"wait: no server of {at} has the host {' or '.join(unserved)}, so it would never be served; add it there, "
            "correct hosts, or set probe.enabled: false."
        )
    watch = Watch(
        task=task,
        cluster=cluster,
        probe=probe,
        wishes=wishes,
        selector=gateway["spec"].get("selector") or {},
        pods_namespace=getattr(exposure.gateway, "pods_namespace", None),
        tls=_tls_client(probe),
    )
    if watch.wishes:
        watch.around = _look_around(watch)
    return watch


def _tls_client(probe: Probe) -> ssl.SSLContext:
    """One for all requests. Without a CA no chain is verified: the Secret's certificate is what must be served."""
    try:
        return tls_client(probe.ca_cert, probe.client_cert, probe.client_key, verify=probe.ca_cert is not None)
    except OSError as error:
        given = {"ca_cert": probe.ca_cert, "client_cert": probe.client_cert, "client_key": probe.client_key}
        options = " or ".join(f"probe.{name} ({path})" for name, path in given.items() if path)
        raise OptionError(f"{options}: it cannot be used as PEM file: {error.strerror or error}.") from error


def _look_around(watch: Watch) -> Surroundings:
    """The gateway's pods and Services, as far as they are needed.

    Raises OptionError or ClusterError if they cannot be known, or may not be read.
    """
    if watch.probe.addresses and (watch.pods_namespace or not any(wish.credential for wish in watch.wishes)):
        return Surroundings()
    if not watch.selector:  # then Istio takes all pods of the cluster, and none of them is the gateway for sure
        if watch.probe.addresses:
            return Surroundings()
        raise OptionError(
            "wait: the Gateway has no selector, so it is not known which pods serve it; give the gateway's addresses "
            "with probe.addresses, or set probe.enabled: false."
        )
    try:
        pods = tuple(running(watch.cluster.find("Pod", watch.selector, watch.pods_namespace)))
        if watch.probe.addresses:
            return Surroundings(pods)
        namespaces = {pod["metadata"]["namespace"] for pod in pods}
        services = [found for namespace in sorted(namespaces) for found in watch.cluster.find("Service", {}, namespace)]
        return Surroundings(pods, tuple(services))
    except ClusterError as error:
        if error.status != FORBIDDEN:
            raise
        if watch.probe.addresses:
            return Surroundings()
        where = f"the namespace {watch.pods_namespace}" if watch.pods_namespace else "all namespaces"
        raise ClusterError(
            f"wait: these credentials may not list pods in {where}, and services where those are, so the gateway's "
            "addresses are not known; give them with probe.addresses, or set probe.enabled: false "
            f"(the API server: {error})."
        ) from error


def until_served(watch: Watch, limit: Limit, updated: bool) -> list[Result]:
    """One result for every URL and address, once all are good; raises ClusterError with what was still missing.

    updated says whether objects that had been there before were changed.
    """
    if updated and watch.wishes:
        time.sleep(min(_SETTLE_SECONDS, limit.left))
    pause = _FIRST_PAUSE_SECONDS
    while True:
        missing = list(_ask_all(watch, limit))
        if not missing:
            return [watch.served[key] for key in sorted(watch.served, key=lambda key: watch.wishes.index(key[0]))]
        if not limit.left:
            raise ClusterError(f"Not served after {limit.seconds:g} s: {'; '.join(sentences(missing))}")
        time.sleep(min(pause, limit.left))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
        watch.around = _look_around(watch)


def _ask_all(watch: Watch, limit: Limit) -> Iterator[str]:
    """Asks for what is not known to be served; yields a sentence for each that still is not."""
    secrets = _Secrets(watch)
    asked = False
    for wish in watch.wishes:
        doors, nowhere = _entrances(watch, wish)
        if nowhere:
            yield f"{wish.url}: {nowhere}"
        for door in doors:
            key = wish, door
            if key not in watch.served and (limit.left or not asked):
                asked = True
                _ask(watch, wish, door, secrets, max(1.0, min(_REQUEST_SECONDS, limit.left)))
            elif key not in watch.served:
                watch.missing.setdefault(key, "not asked, as the time was over")
            if key in watch.missing:
                yield f"{wish.url} through {_at(door)}: {watch.missing[key]}"


def _entrances(watch: Watch, wish: Wanted) -> tuple[list[Entrance], str]:
    port = watch.probe.https_port if wish.is_tls else watch.probe.http_port
    if not watch.probe.addresses:
        doors, nowhere = entrances(watch.around, watch.selector, wish.number)
        return [Entrance(door.address, port or door.port, door.namespace) for door in doors], nowhere
    namespaces = [watch.pods_namespace] if watch.pods_namespace else watch.around.namespaces
    namespace = namespaces[0] if len(namespaces) == 1 else None
    return [Entrance(address, port or wish.number, namespace) for address in watch.probe.addresses], ""


def _ask(watch: Watch, wish: Wanted, door: Entrance, secrets: _Secrets, seconds: float) -> None:
    """Notes the answer."""
    key = wish, door
    held, unusable = secrets.certificate(wish, door) if wish.credential else (None, None)
    probe = watch.probe
    request = Request(wish.url, probe.method, probe.headers, handshake_only=wish.kind == HANDSHAKE, body=False)
    answer = ask(request, door.address, door.port, watch.tls, seconds)
    served = identify(answer.der) if answer.der else None
    problems = [problem for problem in (objections(wish, answer, probe, held, served), unusable) if problem]
    if problems:
        watch.missing[key] = "; ".join(problems)
        return
    watch.missing.pop(key, None)
    watch.served[key] = {"url": wish.url, "address": door.address, "port": door.port, "status": answer.status}
    if answer.location:
        watch.served[key]["location"] = answer.location
    if served:
        expiry = served.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        watch.served[key]["certificate"] = {"serial": served.serial, "not_after": expiry}


def _at(door: Entrance) -> str:
    return f"[{door.address}]:{door.port}" if ":" in door.address else f"{door.address}:{door.port}"


class _Secrets:
    """The certificates in the gateway's Secrets, each read once a round. Of a Secret only the certificate is kept."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._found: dict[Ref, tuple[Identity | None, str | None]] = {}

    def certificate(self, wish: Wanted, door: Entrance) -> tuple[Identity | None, str | None]:
        """The certificate that must be served, and what is wrong with its Secret; nothing, if neither can be known."""
        if CRYPTOGRAPHY_IS_MISSING:
            return self._not_compared("the Python library cryptography is not installed where this task runs")
        if door.namespace is None:
            return self._not_compared("the namespace of the gateway's pods is not known (gateway.pods_namespace)")
        at = Ref("Secret", door.namespace, wish.credential or "")
        if at not in self._found:
            self._found[at] = self._read(at)
        return self._found[at]

    def _read(self, at: Ref) -> tuple[Identity | None, str | None]:
        try:
            live = self._watch.cluster.get(at)
        except ClusterError as error:
            if error.status != FORBIDDEN:
                raise
            return self._not_compared(f"{at} may not be read with these credentials")
        if live is None:
            return None, f"{at}, from which the gateway takes its certificate, does not exist"
        found = identify_secret(live.get("data"))
        return found, None if found else f"{at}, from which the gateway takes its certificate, holds none"

    def _not_compared(self, why: str) -> tuple[None, None]:
        # Ansible shows a warning once, however often it is given.
        self._watch.task.warn(f"The certificate that is served was not compared with the one in its Secret: {why}.")
        return None, None
