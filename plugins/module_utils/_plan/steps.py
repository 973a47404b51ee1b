# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Desired and live objects → the steps from one to the other, and their diff. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ansible.module_utils.common.yaml import yaml_dump

from .._kubernetes.fields import FieldPath, content, fields, has_all, owned_fields, pick
from .._kubernetes.objects import ExposureKey, Manifest, Ref, owner, ref
from .._manifests.shared_gateway import (
    Change,
    belongs_to,
    contribution_of,
    exposures_on,
    is_shared,
    only_changes,
)
from .live import LiveObjects

CREATED, UPDATED, DELETED, UNCHANGED = "created", "updated", "deleted", "unchanged"

# Removal goes against the order of creation: first what routes, then what listens, then what that needs.
_REMOVAL_ORDER = ("VirtualService", "DestinationRule", "Gateway", "Secret", "Certificate")
_ALTERNATIVES = {
    "Gateway": ", or attach to it with gateway.existing",
    "Certificate": ", or use its Secret, with tls.credential_name and without tls.certificate",
    "Secret": ", or use it as it is, without tls.client_ca",
    "DestinationRule": ", or use its subsets, without subsets of this service",
}


class OwnershipError(Exception):
    """One sentence: an object of the wanted name belongs to somebody else."""


@dataclass(frozen=True)
class Step:
    """One object and what becomes of it.

    `before` and `after` hold only fields that we own. `taken_over` are fields that have our value already, but another
    field manager. `shared_change` is what the exposure changes in a shared Gateway.
    """

    action: str
    ref: Ref
    desired: Manifest | None
    live: Manifest | None
    before: Manifest
    after: Manifest
    taken_over: tuple[FieldPath, ...] = ()
    shared_change: Change | None = None

    @property
    def changes(self) -> bool:
        return self.action != UNCHANGED

    @property
    def removes(self) -> bool:
        """Whether this step removes the exposure's part: the object, or what the exposure has on a shared Gateway."""
        return self.action == DELETED or (self.shared_change is not None and self.shared_change.contribution is None)


def plan_steps(
    owner_key: ExposureKey, desired: list[Manifest], objects: LiveObjects, adopt: bool = False
) -> list[Step]:
    """The steps after which the cluster holds exactly the desired objects of the exposure.

    Creates and updates come first, in the order of `desired`; then the exposure's other live objects are deleted, so
    that a move to another Gateway is served throughout. Raises OwnershipError.
    """
    steps = []
    for manifest in desired:
        live = objects.by_ref.get(ref(manifest))
        if is_shared(manifest):
            steps.append(_share(ref(manifest), owner_key, manifest, live))
            continue
        if live is not None:
            _check_ownership(live, owner_key, adopt)
        steps.append(write_step(manifest, live))
    wanted = {step.ref for step in steps}
    others = [live for at, live in sorted(objects.by_ref.items()) if at not in wanted]
    leftovers = [live for live in others if belongs_to(live, owner_key)]
    leftovers.sort(key=lambda live: _REMOVAL_ORDER.index(live["kind"]))
    return steps + [
        _share(ref(live), owner_key, None, live) if is_shared(live) else _delete(live) for live in leftovers
    ]


def _check_ownership(live: Manifest, owner_key: ExposureKey, adopt: bool) -> None:
    current = owner(live)
    if current == owner_key:
        return
    if is_shared(live):
        raise OwnershipError(
            f"{ref(live)} is shared by {', '.join(exposures_on(live))}; choose another name, or add this exposure to "
            "it with gateway.shared."
        )
    if current is not None:
        raise OwnershipError(
            f"{ref(live)} belongs to the exposure {current}; choose another {name_option(ref(live))}"
            f"{_ALTERNATIVES.get(live['kind'], '')}."
        )
    if not adopt:
        raise OwnershipError(
            f"{ref(live)} exists and is not managed by this collection; choose another {name_option(ref(live))}, or "
            "set "
            "adopt: true to manage it from now on (its fields that this task names are overwritten, others stay)."
        )


def name_option(at: Ref) -> str:
    """The option that gives an object of an exposure another name."""
    return "tls.credential_name" if at.kind in ("Certificate", "Secret") else "name"


def _share(at: Ref, exposure: ExposureKey, wanted: Manifest | None, live: Manifest | None) -> Step:
    """The step that changes a shared Gateway, as it is now. What conflicts is not known before all steps of a task are,
    see _plan/sharing.py. wanted is the Gateway with only this exposure; None if it is not to be there.
    """
    old = contribution_of(live, exposure) if live else None
    change = Change(at, exposure, contribution_of(wanted, exposure) if wanted else None, old)
    manifest = change.applied_to(live, is_checked=False)
    if manifest is not None:
        step = write_step(manifest, live)
    elif live is not None:
        step = _delete(live)
    else:
        step = Step(UNCHANGED, change.at, None, None, {}, {})
    before, after = only_changes(step.before, step.after)
    return replace(step, before=before, after=after, shared_change=change)


def write_step(manifest: Manifest, live: Manifest | None) -> Step:
    at, wanted = ref(manifest), fields(manifest)
    owned = owned_fields(live) if live else set()
    if live and owned == wanted.keys() and has_all(live, wanted):
        ours = content(manifest)
        return Step(UNCHANGED, at, manifest, live, ours, ours)
    after = pick(manifest, wanted)
    if live is None:
        return Step(CREATED, at, manifest, None, {}, after)
    before = pick(live, owned | wanted.keys())
    # A field that has our value but another manager is taken over, too: otherwise it would stay when the task drops it.
    taken_over = tuple(sorted(wanted.keys() - owned))
    return Step(UPDATED, at, manifest, live, before, after, taken_over if before == after else ())


def _delete(live: Manifest) -> Step:
    return Step(DELETED, ref(live), None, live, pick(live, owned_fields(live)), {})


def diff(steps: list[Step]) -> list[dict[str, str]]:
    """Ansible's diff of the steps: our fields of every object that changes, as YAML before and after."""
    diffs = []
    for step in steps:
        if step.changes:
            note = "".join(f"# not managed by this module yet: {'.'.join(path)}\n" for path in step.taken_over)
            diffs.append(
                {
                    "before_header": str(step.ref),
                    "after_header": str(step.ref),
                    "before": _yaml(step.before) + note,
                    "after": _yaml(step.after),
                }
            )
    return diffs


def _yaml(fields_of_ours: Manifest) -> str:
    return yaml_dump(fields_of_ours, default_flow_style=False, sort_keys=True) if fields_of_ours else ""
