# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Checks: VirtualServices to which routes are delegated, and that istiod leaves out. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from .._analysis.back_ends import virtual_services_by_name
from .._analysis.context import Context, route_option
from .._analysis.finding import Finding
from .._mesh.delegates import delegations, why_left_out
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
