# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/cluster/kind ...`: makes the package importable as `cluster.kind`, and runs the command line."""

from __future__ import annotations

import sys
from pathlib import Path

# Python has put tests/cluster/kind first on the path; the package is found from tests/.
sys.path[0] = str(Path(__file__).resolve().parents[2])

from cluster.kind.cli import main  # noqa: E402  (needs the path above)

sys.exit(main())
