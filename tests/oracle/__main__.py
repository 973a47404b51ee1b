# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python tests/oracle: compares what our code says about generated objects with what istiod makes of them."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cluster import tools
from cluster.layout import cache_directory
from oracle.program import Oracle
from oracle.run import run, run_files


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tests/oracle", description=__doc__)
    parser.add_argument("--count", type=int, default=20000, help="how many scenarios (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**6), help="of the scenarios; default: a new one"
    )
    parser.add_argument("--number", type=int, help="only the scenario of this number")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time (%(default)s)")
    parser.add_argument("--files", type=Path, help="what this file has, or each file in this directory, instead")
    arguments = parser.parse_args()
    numbers = range(arguments.count) if arguments.number is None else [arguments.number]
    with Oracle(tools.prepare_oracle(cache_directory(), print)) as oracle:
        if arguments.files:
            results = run_files(oracle, arguments.files)
        else:
            print(f"SEED={arguments.seed} COUNT={len(numbers)}", flush=True)
            results = run(oracle, arguments.seed, numbers, jobs=arguments.jobs)
    print("\n".join(results.summary()))
    return 1 if results.found or results.counts["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
