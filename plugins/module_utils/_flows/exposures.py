# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The task of istio_exposures: many exposures, with one LIST for each kind and a dry run of one write of each shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._kubernetes.client import KubernetesClient
from .._kubernetes.compact import long_lived_objects
from .._kubernetes.errors import ClusterError
from .._kubernetes.snapshot import Snapshot
from .._options.exposure_file import read_list
from .._options.exposure_list import parse_list
from .._options.values import OptionError
from .outcome import FAILED
from .results import list_failure, list_result
from .sequence import decide, execute
from .warnings import GroupedMessages

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_exposures(module: AnsibleModule) -> None:
    """Does the task and ends the module."""
    warnings = GroupedMessages()
    try:
        with long_lived_objects():
            src = module.params["src"]
            request = parse_list(module.params, None if src is None else read_list(src))
            client = KubernetesClient(module, request.concurrency)
            outcomes = decide(request, Snapshot(client), module.check_mode, warnings)
        execute(request, client, outcomes, module.check_mode, every_write=False)
        warnings.add_of_server(client.warnings)
    except (OptionError, ClusterError) as error:
        warnings.report(module)
        module.fail_json(msg=str(error))
    warnings.report(module)
    result = list_result(outcomes, with_diff=module._diff)  # noqa: SLF001  (Ansible has no public name for it)
    if any(outcome.state == FAILED for outcome in outcomes):
        module.fail_json(msg=list_failure(outcomes), **result)
    module.exit_json(**result)
