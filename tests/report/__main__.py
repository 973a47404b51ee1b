# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python tests/report`: writes docs/report.png, the picture of the page (`make screenshot`)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

# Python has put tests/report first on the path; the packages are found from tests/.
TESTS = Path(__file__).resolve().parent.parent
sys.path[0] = str(TESTS)

from cluster import chromium  # noqa: E402  (needs the path above)
from cluster.errors import ClusterError  # noqa: E402  (as said above)
from cluster.layout import cache_directory  # noqa: E402  (as said above)
from report.writing import sample, write  # noqa: E402  (as said above)

WIDTH, HEIGHT = 1120, 2110
MADE = "2026-11-23T13:05:00Z"


def main() -> int:
    target = TESTS.parent / "docs" / "report.png"
    try:
        browser = chromium.prepare(cache_directory(), print)
        with tempfile.TemporaryDirectory(prefix="gatehouse-") as scratch:
            page = Path(scratch) / "report.html"
            # The page shows the time at which it was written; the picture shows a time that fits the sample.
            write(sample(), page, report_made=MADE)
            browser.screenshot(page, target, WIDTH, HEIGHT)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{target}: {target.stat().st_size // 1024} KiB")
    return 0


sys.exit(main())
