# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/bench ...`: makes `bench` and `cluster` importable as packages, and runs the command line."""

from __future__ import annotations

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
# Python has put tests/bench first on the path; the packages are found from tests/.
sys.path[0] = str(TESTS)

from cluster.layout import cache_directory  # noqa: E402  (needs the path above)

sys.path.insert(1, str(cache_directory() / "collections"))

from bench.cli import main  # noqa: E402  (needs the collection, too)

sys.exit(main())
