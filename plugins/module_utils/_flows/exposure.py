# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The task of istio_exposure: a list of one, with targeted reads and a dry run of every write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._kubernetes.client import KubernetesClient
from .._kubernetes.errors import ClusterError
from .._options.exposure_list import parse_single
from .._options.values import OptionError
from .outcome import FAILED
from .results import exposure_failure, exposure_result
from .sequence import decide, execute
from .warnings import GroupedMessages

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule


def run_exposure(module: AnsibleModule) -> None:
    """Does the task and ends the module."""
    warnings = GroupedMessages()
    try:
        request = parse_single(module.params)
        client = KubernetesClient(module)
        outcomes = decide(request, client, module.check_mode, warnings)
        execute(request, client, outcomes, module.check_mode, every_write=True)
    except (OptionError, ClusterError) as error:
        warnings.report(module)
        module.fail_json(msg=str(error))
    warnings.report(module)
    (outcome,) = outcomes
    if outcome.state == FAILED:
        module.fail_json(**exposure_failure(outcome))
    module.exit_json(**exposure_result(outcome))
