# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.
"""How a task of istio_exposures flows: options → exposures → one picture → findings and plans → carry out → result."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .._apply.apply import Result
from .._kubernetes.client import Cluster, ClusterError
from .._kubernetes.compact import lasting
from .._kubernetes.objects import Ref
from .._kubernetes.snapshot import Snapshot
from .._options.exposure_file import read_list
from .._options.exposure_list import MOST_TOLD, Asked, Entry, parse_list
from .._options.values import OptionError
from .._plan.prune import to_prune
from .._plan.steps import UNCHANGED, Step, diff
from .batch import decide_all
from .executor import (
    DONE,
    FAILED,
    NOT_TRIED,
    Account,
    Worker,
)
from .warnings import Gathered

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_exposures(module: AnsibleModule) -> None:
    """Carries out one task and ends the module: the only place where exceptions become fail_json."""
    warnings = Gathered()
    try:
        with lasting():
            src = module.params["src"]
            asked = parse_list(module.params, None if src is None else read_list(src))
            cluster = Cluster(module, asked.concurrency)
            accounts = _decided(cluster, asked, module.check_mode, warnings)
        _carry_out(cluster, asked, module.check_mode, accounts)
    except (OptionError, ClusterError) as error:
        module.fail_json(msg=str(error))
    for sentence in warnings.sentences():
        module.warn(sentence)
    result = _result(accounts, with_diff=module._diff)  # noqa: SLF001  (Ansible has no public name for it)
    if any(account.state == FAILED for account in accounts):
        module.fail_json(msg=_failure(accounts), **result)
    module.exit_json(**result)


def _decided(cluster: Cluster, asked: Asked, check_mode: bool, warnings: Gathered) -> list[Account]:
    """An account of each exposure: what is wrong with it, or what is to be done."""
    snapshot = Snapshot(cluster)
    entries = [*asked.entries, *_pruned(asked, snapshot)]
    accounts = [Account(job) for job in decide_all(entries, asked, snapshot, check_mode, warnings)]
    for account in accounts:
        if account.job.problem:
            account.fail(account.job.problem)
        elif not account.has_work:
            account.settle()
    return accounts


def _carry_out(cluster: Cluster, asked: Asked, check_mode: bool, accounts: list[Account]) -> None:
    """Does it, and notes in the accounts what came of it."""
    worker = Worker(cluster, asked.goes_on, asked.concurrency)
    if asked.goes_on or not _failed(accounts):
        worker.rehearse(accounts, check_mode)
    if _failed(accounts) and not asked.goes_on:
        return
    if check_mode:
        for account in accounts:
            if account.state == NOT_TRIED:
                account.settle()
        return
    worker.carry_out([account for account in accounts if not account.job.leaves])
    worker.carry_out([account for account in accounts if account.job.leaves and _may_go(account, accounts)])


def _pruned(asked: Asked, snapshot: Snapshot) -> list[Entry]:
    if asked.prune is None:
        return []
    keep = {entry.key for entry in asked.entries}
    return [Entry("prune", key, None) for key in to_prune(snapshot, asked.prune, keep)]


def _may_go(account: Account, accounts: list[Account]) -> bool:
    """What failed may have been meant to replace what is not in the list any more: then that stays for now."""
    return account.job.entry.where != "prune" or not _failed(accounts)


def _failed(accounts: list[Account]) -> list[Account]:
    return [account for account in accounts if account.state == FAILED]


def _result(accounts: list[Account], with_diff: bool) -> Result:
    outcomes = Counter(_outcome(account) for account in accounts)
    actions = Counter(entry["action"] for account in accounts for entry in account.objects)
    found: Result = {
        "changed": any(account.changed for account in accounts),
        "exposures": [_entry(account) for account in accounts],
        "summary": {
            "exposures": {key: outcomes[key] for key in ("unchanged", "changed", FAILED, NOT_TRIED)},
            "objects": {key: actions[key] for key in ("created", "updated", "deleted", UNCHANGED)},
        },
    }
    if with_diff:
        found["diff"] = diff([step for account in accounts for step in _done(account)])
    return found


def _done(account: Account) -> list[Step]:
    there = {Ref(entry["kind"], entry["namespace"], entry["name"]) for entry in account.objects}
    return [step for step in account.steps if step.ref in there]


def _outcome(account: Account) -> str:
    return ("changed" if account.changed else "unchanged") if account.state == DONE else account.state


def _entry(account: Account) -> dict[str, Any]:
    """What the task returns of one exposure: of its objects only which were changed, as there may be thousands."""
    job = account.job
    namespace, name = job.entry.key
    found: dict[str, Any] = {
        "namespace": namespace,
        "name": name,
        "outcome": _outcome(account),
        "changed": account.changed,
        "objects": [
            {key: entry[key] for key in ("action", "kind", "namespace", "name")}
            for entry in account.objects
            if entry["action"] != UNCHANGED
        ],
    }
    if job.decision and not job.leaves:
        found.update(urls=job.decision.urls(), **job.decision.certificate())
    if account.problem:
        found["msg"] = account.problem
    if job.findings:
        found["findings"] = [finding.result() for finding in job.findings]
    if job.waiting and account.state == DONE:
        found["served"] = job.waiting.served
    return found


def _failure(accounts: list[Account]) -> str:
    """How many failed, what became of the others, and the first reasons."""
    failed = _failed(accounts)
    changed = any(account.changed for account in accounts)
    counts = Counter(_outcome(account) for account in accounts)
    others = {
        "changed": "done and changed",
        "unchanged": "as they should be",
        NOT_TRIED: "not tried",
    }
    rest = ", ".join(f"{counts[key]} {text}" for key, text in others.items() if counts[key])
    reasons = Gathered()
    for account in failed:
        reasons.add(str(account.job.entry), account.problem)
    return (
        f"{len(failed)} of {len(accounts)} exposures failed{f'; of the others {rest}' if rest else ''}. "
        f"{'' if changed else 'Nothing was changed. '}{' '.join(reasons.sentences(MOST_TOLD))}"
    )
