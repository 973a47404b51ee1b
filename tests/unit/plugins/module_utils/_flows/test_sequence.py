# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which exposures are managed, with a cluster in memory: one exposure and lists alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pytest

from ansible_collections.gatehouse.istio.plugins.module_utils._flows.outcome import DONE, FAILED, NOT_TRIED, Outcome
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.sequence import decide, execute
from ansible_collections.gatehouse.istio.plugins.module_utils._flows.warnings import GroupedMessages
from ansible_collections.gatehouse.istio.plugins.module_utils._istio.references import selects
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.client import KubernetesClient
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.errors import ClusterError
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.fields import as_applied
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.objects import (
    FIELD_MANAGER,
    Manifest,
    Ref,
    ownership_labels,
    ref,
)
from ansible_collections.gatehouse.istio.plugins.module_utils._kubernetes.snapshot import Snapshot
from ansible_collections.gatehouse.istio.plugins.module_utils._options.exposure_list import ListRequest, parse_list
from support.builders import PODS, PUBLIC, PUBLIC_SERVICE, gateway, https, pod, service

SHARED = {"selector": PUBLIC, "shared": "infra/front"}
TLS = {"credential_name": "cert"}


class MemoryCluster:
    """The objects of a cluster; what is written is recorded, and refused for the names in `refuses`."""

    def __init__(self, *objects: Manifest, refuses: Iterable[str] = ()) -> None:
        self.objects = {
            ref(entry): entry
            for entry in (pod(), PUBLIC_SERVICE, service("shop/web", selector={"app": "web"}), *objects)
        }
        self.refuses = frozenset(refuses)
        self.log: list[str] = []
        self.asked: list[str] = []

    def find(
        self,
        kind: str,
        labels: Mapping[str, str],
        namespace: str | None = None,
        selectors: Iterable[str] = (),
        fields: str = "",
    ) -> list[Manifest]:
        assert not [*selectors, *fields]
        self.asked.append(kind)
        of_kind = [entry for at, entry in self.objects.items() if at.kind == kind and namespace in (None, at.namespace)]
        return [entry for entry in of_kind if selects(labels, entry["metadata"].get("labels"))]

    def get(self, at: Ref) -> Manifest | None:
        return self.objects.get(at)

    def apply(self, manifest: Manifest, dry_run: bool = False) -> Manifest:
        at = ref(manifest)
        self.log.append(f"{'dry run' if dry_run else 'apply'} {at}")
        if at.name in self.refuses:
            raise ClusterError("denied", 400)
        return manifest

    def create(self, manifest: Manifest) -> Manifest:
        self.log.append(f"create {ref(manifest)}")
        return manifest

    def own(self, live: Manifest) -> Manifest:
        return live

    def delete(self, live: Manifest, as_read: bool = False) -> None:
        assert as_read in (True, False)
        self.log.append(f"delete {ref(live)}")


def request(*exposures: dict[str, Any], **options: Any) -> ListRequest:
    defaults = {"namespace": "shop", "service": "web", "port": 80, "gateway": {"selector": PUBLIC}}
    others = {"on_error": "stop", "concurrency": 1, "wait_timeout": 1, "cluster_domain": "cluster.local"}
    given = {"exposures": list(exposures), "defaults": defaults, "prune": None, **others, **options}
    return parse_list(given)


def exposure(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "hosts": [f"{name}.example.com"], **options}


def run(cluster: MemoryCluster, wanted: ListRequest, check_mode: bool = False) -> tuple[list[Outcome], list[str]]:
    """The outcomes, and the warnings."""
    warnings = GroupedMessages()
    client = cast(KubernetesClient, cluster)
    outcomes = decide(wanted, Snapshot(client), check_mode, warnings)
    execute(wanted, client, outcomes, check_mode, every_write=False)
    return outcomes, list(warnings.sentences())


def states(outcomes: list[Outcome]) -> dict[str, str]:
    return {outcome.entry.key.name: outcome.state for outcome in outcomes}


def test_a_new_exposure_is_dry_run_and_then_applied() -> None:
    cluster = MemoryCluster()
    outcomes, warnings = run(cluster, request(exposure("a")))
    objects = ["Gateway shop/a", "VirtualService shop/a"]
    assert cluster.log == [*(f"dry run {name}" for name in objects), *(f"apply {name}" for name in objects)]
    assert (states(outcomes), warnings) == ({"a": DONE}, [])


def test_check_mode_ends_after_the_dry_run() -> None:
    cluster = MemoryCluster()
    outcomes, _warnings = run(cluster, request(exposure("a"), exposure("b")), check_mode=True)
    assert [entry.partition(" /")[0].startswith("dry run") for entry in cluster.log] == [True] * 4
    assert states(outcomes) == {"a": DONE, "b": DONE}
    assert all(outcome.changed for outcome in outcomes)


def test_in_a_list_one_write_of_each_shape_is_dry_run() -> None:
    cluster = MemoryCluster()
    run(cluster, request(exposure("a"), exposure("b"), exposure("c")))
    assert len([entry for entry in cluster.log if entry.startswith("dry run")]) == 2
    assert len([entry for entry in cluster.log if entry.startswith("apply")]) == 6


@pytest.mark.parametrize(
    ("on_error", "b"), [pytest.param("stop", NOT_TRIED, id="stop"), pytest.param("continue", DONE, id="continue")]
)
def test_after_a_refused_dry_run_the_others_are_left_or_go_on(on_error: str, b: str) -> None:
    cluster = MemoryCluster(refuses=["a"])
    outcomes, _warnings = run(cluster, request(exposure("a"), exposure("b"), on_error=on_error))
    assert states(outcomes) == {"a": FAILED, "b": b}
    assert [entry for entry in cluster.log if entry.startswith("apply") and "/a" in entry] == []
    assert outcomes[0].problem == "Gateway shop/a: denied"


def test_what_would_break_others_stops_before_the_dry_run() -> None:
    other = gateway("blog/blog", https("a.example.com"))
    cluster = MemoryCluster(other)
    (outcome,), _warnings = run(cluster, request(exposure("a", tls=TLS)))
    assert outcome.state == FAILED
    assert [finding.code for finding in outcome.findings if finding.level == "error"] == ["host-served-twice"]
    assert outcome.problem.endswith("says how to switch a check off.")
    assert cluster.log == []


def live_shared(*exposures: dict[str, Any]) -> list[Manifest]:
    """The objects of exposures on the shared Gateway as they are in the cluster, created before anything else."""
    outcomes = decide(request(*exposures), Snapshot(cast(KubernetesClient, MemoryCluster())), True, GroupedMessages())
    desired = {step.ref: step.desired for outcome in outcomes for step in outcome.steps if step.desired}
    created = {"uid": "1", "resourceVersion": "1", "creationTimestamp": "2026-01-01T00:00:00Z"}
    applied = [as_applied(manifest, None) for manifest in desired.values()]
    return [{**entry, "metadata": {**entry["metadata"], **created}} for entry in applied]


@pytest.mark.parametrize("others", [[], ["c", "d"]], ids=["alone", "in a list"])
def test_a_host_that_a_shared_gateway_takes_from_another_gateway_is_an_error(others: list[str]) -> None:
    """The shared Gateway is older, so the other one would lose its server. It has the host only after this task."""
    first = exposure("a", gateway=SHARED, tls=TLS)
    other = gateway("blog/blog", https("b.example.com"), created=5)
    cluster = MemoryCluster(*live_shared(first), other)
    more = [exposure(name, gateway=SHARED, tls=TLS) for name in others]
    outcomes, _warnings = run(cluster, request(first, exposure("b", gateway=SHARED, tls=TLS), *more))
    b = next(outcome for outcome in outcomes if outcome.entry.key.name == "b")
    assert b.state == FAILED
    assert "this exposure's Gateway is the older one of two that want the same" in b.problem
    assert cluster.log == []


def test_removals_come_last_and_only_if_nothing_failed() -> None:
    old = exposure("old", gateway=SHARED)
    live = live_shared(old)
    wanted = request(exposure("new"), {"name": "old", "state": "absent"})
    cluster = MemoryCluster(*live)
    run(cluster, wanted)
    written = [entry for entry in cluster.log if not entry.startswith("dry run")]
    assert written[-2:] == ["delete VirtualService shop/old", "delete Gateway infra/front"]
    prune = {"namespaces": ["shop"], "label_selectors": []}
    cluster = MemoryCluster(*live, refuses=["new"])
    outcomes, _warnings = run(cluster, request(exposure("new"), prune=prune, on_error="continue"))
    assert states(outcomes) == {"new": FAILED, "old": NOT_TRIED}


@pytest.mark.parametrize("check_mode", [False, True], ids=["run", "check mode"])
def test_a_mistake_in_one_exposure_leaves_the_others_to_go_on_and_prunes_nothing(check_mode: bool) -> None:
    cluster = MemoryCluster(*live_shared(exposure("old", gateway=SHARED)))
    prune = {"namespaces": ["shop"], "label_selectors": []}
    wanted = request(exposure("a", hosts=5), exposure("b"), prune=prune, on_error="continue")
    outcomes, _warnings = run(cluster, wanted, check_mode)
    assert states(outcomes) == {"a": FAILED, "b": DONE, "old": NOT_TRIED}
    assert outcomes[0].problem.startswith("hosts[0]: '5' has no domain")


def forgotten(name: str) -> Manifest:
    """The Secret of clients' CA that a run has left which ended before the Gateway."""
    labels = ownership_labels("shop", name)
    entry = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": {"f:data": {}}}
    metadata = {"name": f"{name}-cacert", "namespace": PODS, "labels": labels, "managedFields": [entry]}
    return {"kind": "Secret", "metadata": metadata, "data": {"ca.crt": ""}}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("how", ["absent", "prune"])
def test_what_interrupted_runs_have_left_beside_the_pods_is_removed(how: str, check_mode: bool) -> None:
    cluster = MemoryCluster(forgotten("a"), forgotten("b"))
    names = ["a", "b"]
    wanted = (
        request(*({"name": name, "state": "absent"} for name in names))
        if how == "absent"
        else request(prune={"namespaces": ["shop"], "label_selectors": []})
    )
    outcomes, warnings = run(cluster, wanted, check_mode)
    assert [step.action for outcome in outcomes for step in outcome.steps if step.changes] == ["deleted", "deleted"]
    assert cluster.log == ([] if check_mode else [f"delete Secret {PODS}/{name}-cacert" for name in names])
    assert (cluster.asked.count("Secret"), warnings) == (1, [])
