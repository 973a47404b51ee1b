# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a page from a sample result of istio_exposure_info, with the tasks of playbooks/report.yml."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cluster import playbooks
from cluster.errors import ClusterError
from cluster.layout import REPOSITORY
from cluster.playbooks import PlaybookResult

PLAYBOOK = REPOSITORY / "playbooks" / "report.yml"
# Not a template, like a result.
_EXPOSED = "{{ lookup('ansible.builtin.file', exposed_file) | from_json }}"


def sample() -> Any:
    """The result of a small cluster with something of every kind."""
    return yaml.safe_load((Path(__file__).parent / "sample.yml").read_text())


def write(exposed: Mapping[str, Any], page: Path, check: bool = False, **variables: Any) -> PlaybookResult:
    """Run the tasks. `variables` are given as a user gives them."""
    (play,) = yaml.safe_load(PLAYBOOK.read_text())
    without_cluster = {
        **{key: value for key, value in play.items() if key != "module_defaults"},
        "vars": {**play["vars"], "report_exposed": _EXPOSED},
        "tasks": [task for task in play["tasks"] if "ansible.builtin.include_tasks" in task],
    }
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as name:
        scratch = Path(name)
        for beside in ("tasks", "templates"):
            (scratch / beside).symlink_to(PLAYBOOK.parent / beside)
        playbook, exposed_file, vars_file = scratch / "report.yml", scratch / "exposed.json", scratch / "vars.json"
        playbook.write_text(yaml.safe_dump([without_cluster], sort_keys=False))
        exposed_file.write_text(json.dumps(exposed))
        vars_file.write_text(json.dumps({**variables, "report_path": str(page), "exposed_file": str(exposed_file)}))
        result = playbooks.run(playbook, {}, vars_file, check=check)
    if result.exit_code != 0:
        raise ClusterError(f"The page could not be written:\n{result.output}")
    return result
