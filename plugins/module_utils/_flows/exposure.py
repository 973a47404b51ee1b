# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The task of istio_exposure: a list of one, with targeted reads and a dry run of every write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._analysis.finding import IGNORE
from .._kubernetes.errors import ClusterError
from .._kubernetes.reader import Reader
from .._kubernetes.session import Connect, connect
from .._kubernetes.snapshot import FieldReader, Snapshot
from .._options.exposure_list import ListRequest, parse_single
from .._options.values import OptionError
from .outcome import FAILED
from .results import exposure_failure, exposure_result
from .sequence import decide, execute
from .warnings import GroupedMessages

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

LISTED_KINDS = ("Gateway", "VirtualService")


def run_exposure(module: AnsibleModule, connect: Connect = connect) -> None:
    """Does the task and ends the module."""
    warnings = GroupedMessages()
    try:
        request = parse_single(module.params)
        connected = connect(module)
        outcomes = decide(request, _reader(connected.reader, request), module.check_mode, warnings)
        execute(request, connected.client, outcomes, module.check_mode, every_write=True)
        warnings.add_of_server(connected.client.warnings)
    except (OptionError, ClusterError) as error:
        warnings.report(module)
        module.fail_json(msg=str(error))
    warnings.report(module)
    (outcome,) = outcomes
    if outcome.state == FAILED:
        module.fail_json(**exposure_failure(outcome))
    module.exit_json(**exposure_result(outcome))


def _reader(reader: FieldReader, request: ListRequest) -> Reader:
    """Plan and checks need the same Gateways and VirtualServices: they are read once, unless nothing is checked."""
    skips_checks = all(set(entry.levels.values()) == {IGNORE} for entry in request.entries)
    return reader if skips_checks else Snapshot(reader, LISTED_KINDS)
