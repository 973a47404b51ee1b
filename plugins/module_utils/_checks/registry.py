# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""All checks: what an exposure and its surroundings make of each other → findings. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from .._istio.cluster_state import Surroundings
from .._kubernetes.objects import Key, Manifest, Ref
from . import certificates, destinations, gateway_pods, hosts, routes
from .context import Scene, Scenes
from .finding import Finding

_FAMILIES = (hosts, certificates, routes, gateway_pods, destinations)


def findings(
    desired: Iterable[Manifest],
    around: Surroundings,
    cluster_domain: str = "cluster.local",
    left: Mapping[Ref, Manifest | None] | None = None,
) -> list[Finding]:
    """What is wrong with one exposure, given its manifests (or its live objects) and what is around it.

    left says what becomes of what the exposure leaves (None: it goes). Levels are not set yet, see with_levels(). What
    was found for several groups of pods is there once.
    """
    (found,) = findings_of_all({("", ""): list(desired)}, around, cluster_domain, left).values()
    return found


def findings_of_all(
    desired: Mapping[Key, Sequence[Manifest]],
    around: Surroundings,
    cluster_domain: str = "cluster.local",
    left: Mapping[Ref, Manifest | None] | None = None,
) -> dict[Key, list[Finding]]:
    """What is wrong with each exposure (by its namespace and name) of a task that writes them all, in this order.

    They are judged as they will be when all are written, and all of `left` is done: two of them that are in each
    other's way have a finding each, told from its own side. Of those that are not there yet, the first in the list will
    be the oldest. A Gateway that several share must be in each one's list as it will be, with all of them on it.
    """
    scenes = Scenes(around, cluster_domain, chain.from_iterable(desired.values()), left)
    return {key: findings_in(scenes.scene(mine)) for key, mine in desired.items()}


def findings_in(seen: Scene) -> list[Finding]:
    """What is wrong with the exposure of a scene."""
    return list(dict.fromkeys(finding for family in _FAMILIES for finding in family.check(seen)))
