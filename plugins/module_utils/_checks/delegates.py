# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices to which routes are delegated, and that istiod leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._analysis.back_ends import virtual_services_by_name
from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._istio.config import Config
from .._istio.indexes import once
from .._kubernetes.objects import Manifest
from .._mesh.delegates import Delegation, delegations, fits, why_left_out
from .._mesh.names import full_name


def left_out(context: Context) -> Iterator[Finding]:
    for entry in context.my_virtual_services:
        for delegation in delegations(entry):
            delegate = virtual_services_by_name(context.after).get(delegation.name)
            if delegate is None:
                if not context.cluster_state.are_all_virtual_services:
                    continue
                why = "does not exist"
            else:
                namespace = entry["metadata"]["namespace"]
                reason = why_left_out(delegation, delegate, namespace, context.cluster_state.settings)
                if reason is None:
                    yield from _in_part(context, entry, delegation, delegate)
                    continue
                why = f"is left out by istiod, as {reason}"
            name = f"VirtualService {delegation.name}"
            message = (
                f"{name}, to which {delegation.where} of VirtualService {full_name(entry)} delegates, {why}; these "
                "requests get 404, or go to a later route."
            )
            fix = "A delegate has no hosts, is exported to this namespace, and its matches lie within the route's."
            if delegate is None:
                fix = "Create it, or correct its name and namespace."
            objects = (f"VirtualService {full_name(entry)}", name)
            yield Finding(objects, route_option(entry, delegation.where), message, fix)


def _in_part(
    context: Context, virtual_service: Manifest, delegation: Delegation, delegate: Manifest
) -> Iterator[Finding]:
    """Routes of a delegate that lie within no route that delegates to it."""
    if not context.cluster_state.are_all_virtual_services:
        return
    roots = _roots(context.after)[delegation.name]
    lost = [
        f"http[{index}]"
        for index, route in enumerate(delegate["spec"].get("http") or [])
        if not any(fits(root, route) for root in roots)
    ]
    if lost:
        message = (
            f"{' and '.join(lost)} of VirtualService {delegation.name} {'are' if len(lost) > 1 else 'is'} left out by "
            f"istiod, as not all of the matches lie within that of {delegation.where} of VirtualService "
            f"{full_name(virtual_service)}, which delegates to it; these requests get 404, or go to another route."
        )
        fix = "Keep the matches of a delegate's route within those of the route that delegates."
        objects = (f"VirtualService {full_name(virtual_service)}", f"VirtualService {delegation.name}")
        yield Finding(objects, route_option(virtual_service, delegation.where), message, fix)


@once
def _roots(config: Config) -> dict[str, list[Any]]:
    """The routes that delegate to a VirtualService, by its name."""
    roots: dict[str, list[Any]] = {}
    for entry in config.virtual_services:
        for delegation in delegations(entry):
            roots.setdefault(delegation.name, []).append(delegation.route)
    return roots
