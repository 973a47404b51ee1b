# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures all checks of a list of exposures, alone. Prints a table, and with --json FILE also writes rows.

Each shape of a cluster and each count is measured in its own process, for its peak memory (with the input, which is
created outside the measured time). `make bench` runs it; by hand it needs PYTHONPATH=tests:.cache/collections.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.gatehouse.istio.plugins.module_utils._checks.registry import find_all
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.cluster_state import ClusterState
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import secrets_named
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.compact import long_lived_objects
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import ExposureKey, Manifest, Ref, ref
from ansible_collections.gatehouse.istio.plugins.module_utils._manifests.exposure import manifests
from ansible_collections.gatehouse.istio.plugins.module_utils._mesh.destinations import services_named
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure import parse
from support.builders import NOW, PODS, gateway, http, https, live, pod, secret, service

COUNTS = (500, 2_000, 10_000)
GATEWAYS = 100
Row = dict[str, Any]
Desired = dict[ExposureKey, list[Manifest]]
# The exposures, the state of the cluster, and the expected number of findings.
Input = tuple[Desired, ClusterState, int]


def host(number: int) -> str:
    return f"shop-{number}.team-{number % 50}.example.com"


def exposures(count: int, workloads: int, tls: bool = False, routed: bool = False, **more: Any) -> Desired:
    """Exposures with one host each, spread over the gateways. With `routed`, each has its own path."""
    result: Desired = {}
    for number in range(count):
        options: dict[str, Any] = {
            "name": f"shop-{number}",
            "namespace": f"team-{number % 50}",
            "hosts": [host(number)],
            "gateway": {"selector": {"istio": f"public-{number % workloads}"}},
            "service": "web",
            "port": 80,
            **({"tls": {"credential_name": f"shop-{number}", "redirect": True}} if tls else {}),
            **{name: make(number) for name, make in more.items()},
        }
        if routed:
            del options["service"], options["port"]
            to = [{"service": "web", "port": 80}]
            options["routes"] = [{"match": [{"uri": {"prefix": f"/{number}/"}}], "destinations": to}]
        result[ExposureKey(options["namespace"], options["name"])] = manifests(parse(options), PODS)
    return result


def cluster(
    workloads: int, *objects: Manifest, credentials: int = 0, name: Callable[[int], str] = host
) -> ClusterState:
    """The gateways (two pods and a Service each), the Services of the exposures, and their certificates."""
    ports = ({"name": "http2", "port": 80, "targetPort": 8080}, {"name": "https", "port": 443, "targetPort": 8443})
    labels = [{"istio": f"public-{number}"} for number in range(workloads)]
    services = [service(f"team-{number}/web") for number in range(50)]
    return ClusterState(
        gateways=tuple(entry for entry in objects if entry["kind"] == "Gateway"),
        virtual_services=tuple(entry for entry in objects if entry["kind"] == "VirtualService"),
        pods=tuple(pod(f"{label['istio']}-5d-{which}", labels=label) for label in labels for which in "xy"),
        gateway_services=tuple(service(f"{PODS}/{label['istio']}", *ports, selector=label) for label in labels),
        services={ref(entry): entry for entry in services},
        tls_secrets={Ref("Secret", PODS, f"shop-{number}"): secret(name(number)) for number in range(credentials)},
        now=NOW,
    )


def there(desired: Desired) -> list[Manifest]:
    """The live objects of all exposures, of which some were created in each minute."""
    listed = enumerate(desired.values())
    return [entry for number, objects in listed for entry in live(objects, number % 60)]


def new(count: int) -> Input:
    return exposures(count, GATEWAYS), cluster(GATEWAYS), 0


def nothing(count: int) -> Input:
    desired = exposures(count, GATEWAYS, tls=True)
    return desired, cluster(GATEWAYS, *there(desired), credentials=count), 0


def one(count: int) -> Input:
    """One exposure also has the host of another one on the same gateway."""
    desired = exposures(count, GATEWAYS, tls=True)
    state = cluster(GATEWAYS, *there(desired), credentials=count)
    changed = exposures(1, GATEWAYS, tls=True, hosts=lambda _number: [host(0), host(GATEWAYS)])
    # istiod drops the server of the newer one: a finding of both. Also, its certificate is not valid for the host.
    return {**desired, **changed}, state, 3


def attached(count: int) -> Input:
    desired = exposures(count, GATEWAYS, gateway=lambda number: {"existing": f"{PODS}/front-{number % GATEWAYS}"})
    fronts = [
        gateway(
            f"{PODS}/front-{which}",
            *(serve(*map(host, range(which, count, GATEWAYS))) for serve in (http, https)),
            selector={"istio": f"public-{which}"},
        )
        for which in range(GATEWAYS)
    ]
    return desired, cluster(GATEWAYS, *fronts), 0


def one_workload(count: int) -> Input:
    desired = exposures(count, 1, tls=True)
    return desired, cluster(1, *there(desired), credentials=count), 0


def wildcard_server(count: int) -> Input:
    """All exposures on one Gateway, which serves them by one wildcard."""
    desired = exposures(count, 1, gateway=lambda _number: {"existing": f"{PODS}/front"})
    front = gateway(f"{PODS}/front", https("*.example.com"), http("*.example.com"), selector={"istio": "public-0"})
    return desired, cluster(1, front), 0


def one_host(count: int) -> Input:
    """All exposures for one host on one Gateway, each with its own path."""
    desired = exposures(
        count, 1, routed=True, hosts=lambda _number: ["example.com"], gateway=lambda _number: {"existing": f"{PODS}/f"}
    )
    return desired, cluster(1, gateway(f"{PODS}/f", https("example.com"), selector={"istio": "public-0"})), 0


def one_certificate(count: int) -> Input:
    """A mistake: own Gateways on the same pods, with wildcard certificates that are valid for the hosts of all."""
    desired = exposures(count, 1, tls=True, hosts=lambda number: [f"shop-{number}.example.com"])
    state = cluster(1, *there(desired), credentials=count, name=lambda _number: "*.example.com")
    return desired, state, -1


SHAPES: dict[str, tuple[str, Callable[[int], Input]]] = {
    "new": ("own Gateways on 100 gateways, all new", new),
    "nothing": ("the same with TLS, all there already", nothing),
    "one": ("the same, one of them changed", one),
    "attached": ("100 Gateways with all the hosts, VirtualServices of their own", attached),
    "one-workload": ("own Gateways with TLS on one gateway", one_workload),
    "wildcard-server": ("one Gateway for *.example.com", wildcard_server),
    "one-host": ("one host, each below a path of its own", one_host),
    "one-certificate": ("own Gateways, certificates for *.example.com: a mistake", one_certificate),
}


def measure(shape: str, count: int, repetitions: int) -> Row:
    desired, state, expected = SHAPES[shape][1](count)
    gc.collect()
    walls, users = [], []
    for _repetition in range(repetitions):
        wall, user = time.perf_counter(), time.process_time()
        with long_lived_objects():  # like the module
            result = find_all(desired, state)
        walls.append(time.perf_counter() - wall)
        users.append(time.process_time() - user)
        told = sum(map(len, result.values()))
        if expected not in (-1, told):
            raise SystemExit(
                f"{shape}, {count}: {told} findings, and not {expected}: {next(filter(None, result.values()))}"
            )
    return {
        "peer": "checks",
        "work": shape,
        "count": count,
        "seconds_min": round(min(walls), 4),
        "seconds_median": round(statistics.median(walls), 4),
        "cpu_seconds_min": round(min(users), 4),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "findings": told,
    }


def look_up(count: int, repetitions: int) -> Row:
    """Find what a task reads before the checks: the Secrets and Services that the exposures name."""
    desired, state, _expected = nothing(count)
    given = [entry for objects in desired.values() for entry in objects]
    gateways = [entry for entry in given if entry["kind"] == "Gateway"]
    walls = []
    for _repetition in range(repetitions):
        wall = time.perf_counter()
        named = secrets_named(gateways, list(state.gateways), list(state.pods), 10)
        services_named(given, "cluster.local")
        walls.append(time.perf_counter() - wall)
        if len(named) != count:
            raise SystemExit(f"{len(named)} Secrets are named, and not {count}")
    return {
        "peer": "checks",
        "work": "names",
        "count": count,
        "seconds_min": round(min(walls), 4),
        "seconds_median": round(statistics.median(walls), 4),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def in_its_own_process(shape: str, count: int, repetitions: int) -> Row:
    given = ["--one", shape, "--counts", str(count), "--repetitions", str(repetitions)]
    command = [sys.executable, str(Path(__file__).resolve()), *given]
    row: Row = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--shapes", nargs="+", choices=[*SHAPES, "names"], default=[*SHAPES, "names"])
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        work = look_up if given.one == "names" else lambda count, times: measure(given.one, count, times)
        print(json.dumps(work(given.counts[0], given.repetitions)))
        return
    rows = []
    print(f"{'work':<16} {'count':>6} {'min s':>8} {'median s':>8} {'µs each':>8} {'MB':>5} {'findings':>8}")
    for shape in given.shapes:
        for count in given.counts:
            row = in_its_own_process(shape, count, given.repetitions)
            rows.append(row)
            each, size = row["seconds_min"] / count * 1e6, row["peak_memory_bytes"] / 1e6
            times = f"{row['seconds_min']:>8.3f} {row['seconds_median']:>8.3f}"
            print(f"{shape:<16} {count:>6} {times} {each:>8.0f} {size:>5.0f} {row.get('findings', 0):>8}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
