# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: see `python tests/cluster/kind --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from cluster.errors import ClusterError
from cluster.kind import lifecycle
from cluster.layout import cache_directory


def main() -> int:
    arguments = _parser().parse_args()
    try:
        arguments.run(Path(arguments.dir).absolute(), _say)
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.strerror}: {error.filename}; check the path, its owner and the space left.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; `stop` deletes what was made.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python tests/cluster/kind", description="A cluster of kind.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, text in (
        ("start", lifecycle.start, "create a cluster; also starts Docker, and builds the images, if need be"),
        ("stop", lifecycle.stop, "delete the cluster, and end the Docker that was started for it"),
    ):
        command = commands.add_parser(name, help=text)
        command.add_argument(
            "--dir",
            default=str(cache_directory() / "kind" / "clusters" / "gatehouse"),
            help="the cluster's directory, whose name is also the cluster's (%(default)s)",
        )
        command.set_defaults(run=run)
    return parser


def _say(text: str) -> None:
    print(text, flush=True)
