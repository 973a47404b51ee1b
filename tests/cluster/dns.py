# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DNS server for tests: a real BIND, whose zones change by dynamic updates (RFC 2136) with a TSIG key."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster import bind, lifecycle
from cluster.bind import Bind
from cluster.errors import ClusterError
from cluster.layout import Layout, cache_directory, private_directory, write_private
from cluster.processes import Process, Program

ZONES = ("example.com", "example.net", "example.org")
_START_SECONDS = 20.0
_TTL = 1


@dataclass(frozen=True)
class Dns:
    """A running server. It stops with its cluster."""

    address: str
    key_name: str
    key_secret: str = field(repr=False)
    key_algorithm: str
    directory: Path
    bind: Bind

    @classmethod
    def start(cls, layout: Layout) -> Dns:
        """Start the server unless it is running."""
        port = lifecycle.load_settings(layout).ports["dns"]
        directory = private_directory(layout.root / "dns")
        secret_file = directory / "secret"
        if not secret_file.exists():
            write_private(secret_file, base64.b64encode(secrets.token_bytes(32)))
        dns = cls(
            address=f"127.0.0.1:{port}",
            key_name="gatehouse-test",
            key_secret=secret_file.read_text(),
            key_algorithm="HMACSHA256",
            directory=directory,
            bind=bind.prepare(cache_directory(), print),
        )
        dns._run(Process(layout, "named"), port)
        return dns

    def point(self, hosts: Mapping[str, str]) -> None:
        """Set the address of each host, in place of its previous one."""
        for host, address in hosts.items():
            self._update(f"del {host}. A", f"add {host}. {_TTL} A {address}")

    def _run(self, process: Process, port: int) -> None:
        write_private(self.directory / "key", key_statement(self.key_name, self.key_secret))
        for zone in ZONES:
            file = self.directory / f"{zone}.zone"
            if not file.exists():  # BIND writes to it later
                write_private(file, zone_file(zone))
        config = write_private(self.directory / "named.conf", configuration(self.directory, port, self.key_name))
        command = (str(self.bind.named), "-g", "-4", "-n", "1", "-c", str(config))
        process.ensure(Program("named", command, self.bind.environment, where=self.address))
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                return self._update(f"prereq yxdomain {ZONES[-1]}.")
            except ClusterError:
                if process.died():
                    raise ClusterError(process.death_notice()) from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _update(self, *changes: str) -> None:
        """Change a zone with nsupdate and the key."""
        host, _colon, port = self.address.partition(":")
        done = subprocess.run(
            [self.bind.nsupdate, "-v", "-t", "5", "-k", self.directory / "key"],
            input="\n".join([f"server {host} {port}", *changes, "send", ""]),
            env={**os.environ, **self.bind.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ClusterError(f"The DNS server at {self.address} refuses {changes}: {done.stderr.strip()}")


def key_statement(name: str, secret: str) -> str:
    return f'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'


def zone_file(zone: str) -> str:
    """A zone without hosts. Its records have short TTLs, because tests change them all the time."""
    return f"""\
$TTL {_TTL}
@ IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 {_TTL}
@ IN NS ns.{zone}.
ns IN A 127.0.0.1
"""


def configuration(directory: Path, port: int, key_name: str) -> str:
    """named.conf: a server for this host only, which writes only to its directory."""
    zones = "".join(
        f'zone "{zone}" {{ type primary; file "{zone}.zone"; update-policy {{ grant {key_name} zonesub ANY; }}; }};\n'
        for zone in ZONES
    )
    return f"""\
include "{directory / "key"}";
options {{
    directory "{directory}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    dnssec-validation no;
    notify no;
    pid-file none;
    session-keyfile "{directory / "session.key"}";
}};
controls {{ }};
{zones}"""
