# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: see `python tests/cluster --help`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from cluster import bind, chromium, credentials, lifecycle, tools
from cluster.errors import ClusterError
from cluster.layout import Layout, cache_directory


def main() -> int:
    arguments = _parser().parse_args()
    layout = Layout(Path(arguments.dir).absolute())
    try:
        return int(arguments.run(arguments, layout))
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"{error.strerror}: {error.filename or layout.root}; check the path, its owner and the space left.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("Interrupted; `start` again goes on from here, `stop` ends what was started.", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python tests/cluster", description="A real Kubernetes control plane as processes of this host."
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--dir", default=str(cache_directory() / "cluster"), help="the cluster's directory (%(default)s)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser(
        "tools", parents=[common], help="build or fetch the programs that clusters and tests run, unless they are there"
    )
    command.set_defaults(run=_tools)

    command = commands.add_parser("start", parents=[common], help="start it, or what of it does not run")
    command.set_defaults(run=_start)

    command = commands.add_parser("stop", parents=[common], help="end its processes")
    command.add_argument("--delete", action="store_true", help="and remove its directory")
    command.set_defaults(run=_stop)

    command = commands.add_parser("status", parents=[common], help="show its parts; exit code 0 only if all run")
    command.set_defaults(run=_status)

    command = commands.add_parser("certificate", parents=[common], help="issue a certificate of the cluster's test CA")
    command.add_argument("hosts", nargs="+", metavar="HOST")
    command.set_defaults(run=_certificate)

    command = commands.add_parser("request", parents=[common], help="make one real request through a gateway")
    command.add_argument("url", metavar="URL")
    command.add_argument("--address", required=True, help="the gateway's address")
    command.add_argument("--port", type=int, help="the gateway's port (default: the URL's)")
    command.add_argument("--ca", help="the CA that must have signed the certificate (default: the cluster's test CA)")
    command.set_defaults(run=_request)
    return parser


def _say(text: str) -> None:
    print(text, flush=True)


def _tools(_arguments: argparse.Namespace, _layout: Layout) -> int:
    tools.prepare(cache_directory(), _say)
    tools.prepare_oracle(cache_directory(), _say)
    bind.prepare(cache_directory(), _say)
    try:
        chromium.prepare(cache_directory(), _say)
    except ClusterError as error:
        _say(f"Tests that look at a page in a browser will be skipped: {error}")
    return 0


def _start(_arguments: argparse.Namespace, layout: Layout) -> int:
    lifecycle.start(layout, _say)
    _say(f"Look around: export KUBECONFIG={layout.kubeconfig}")
    return 0


def _stop(arguments: argparse.Namespace, layout: Layout) -> int:
    lifecycle.stop_cluster(layout, _say, delete=arguments.delete)
    return 0


def _status(_arguments: argparse.Namespace, layout: Layout) -> int:
    parts = lifecycle.status(layout)
    rows = [("PART", "PID", "STATE", "UPTIME", "WHERE", "LOG")]
    for part in parts:
        pid = str(part.pid or "-")
        rows.append((part.name, pid, part.state, _duration(part.uptime), part.where or "-", str(part.log)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        _say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0 if all(part.state == "running" for part in parts) else 1


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def _certificate(arguments: argparse.Namespace, layout: Layout) -> int:
    lifecycle.load_settings(layout)  # fails if there is no cluster
    name = arguments.hosts[0].replace("*", "wildcard")
    issued = credentials.issue(layout, layout.certificates / name, arguments.hosts)
    files = {"crt": issued.certificate, "key": issued.key, "ca": layout.ca_certificate}
    _say(json.dumps({name: str(file) for name, file in files.items()}))
    return 0


def _request(arguments: argparse.Namespace, layout: Layout) -> int:
    sys.path.append(str(cache_directory() / "collections"))
    # Only this command imports the collection, by its Ansible name.
    from ansible_collections.gatehouse.istio.plugins.module_utils._wait.probe import probe  # noqa: PLC0415  (as said above)

    ca = arguments.ca or str(layout.ca_certificate)
    try:
        result = probe(arguments.url, arguments.address, port=arguments.port, ca_file=ca)
    except ValueError as error:
        raise ClusterError(str(error)) from None
    answer = {
        "url": result.url,
        "address": result.address,
        "status": result.status,
        "location": result.location,
        "headers": dict(result.headers),
        "certificate": dataclasses.asdict(result.certificate) if result.certificate else None,
        "error": result.error,
    }
    _say(json.dumps(answer, indent=2, default=str))
    return 0 if result.error is None else 1
