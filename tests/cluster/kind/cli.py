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
        arguments.run(arguments)
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

    command = commands.add_parser("prepare", help="build the programs and images, and install Docker if there is none")
    command.set_defaults(run=lambda _arguments: lifecycle.prepare(cache_directory(), _say))

    command = commands.add_parser("start", help="create a cluster; also starts Docker if none runs")
    _add_directory(command)
    command.set_defaults(run=lambda arguments: lifecycle.start(Path(arguments.dir).absolute(), _say))

    command = commands.add_parser("stop", help="delete a cluster, and end the Docker that was started for it")
    _add_directory(command)
    command.set_defaults(run=lambda arguments: lifecycle.stop(Path(arguments.dir).absolute(), _say))
    return parser


def _add_directory(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dir",
        default=str(cache_directory() / "kind" / "clusters" / "gatehouse"),
        help="the cluster's directory, whose name is also the cluster's (%(default)s)",
    )


def _say(text: str) -> None:
    print(text, flush=True)
