# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An ACME server for tests: a real pebble (from Let's Encrypt), which validates challenges."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

import urllib3

from cluster import credentials, lifecycle, tools
from cluster.errors import ClusterError
from cluster.layout import Layout, cache_directory, private_directory, write_private
from cluster.pki import KeyPair
from cluster.processes import Process, Program

# It issues certificates for every name except this one.
REFUSED_HOST = "refused.example.com"
_START_SECONDS = 20.0


@dataclass(frozen=True)
class Acme:
    """A running server. It stops with its cluster, and does not keep accounts."""

    directory: str
    ca_file: Path
    # For external account binding, which it accepts but does not require.
    eab_key_id: str
    eab_key: str = field(repr=False)
    management: str

    @classmethod
    def start(cls, layout: Layout) -> Acme:
        """Start the server unless it is running. It resolves all names with the server of dns.py."""
        ports = lifecycle.load_settings(layout).ports
        files = private_directory(layout.root / "acme")
        eab_file = files / "eab-key"
        if not eab_file.exists():
            # Without padding, as ACME servers return it.
            write_private(eab_file, secrets.token_urlsafe(48))
        acme = cls(
            directory=f"https://localhost:{ports['acme']}/dir",
            ca_file=layout.ca_certificate,
            eab_key_id="kid-1",
            eab_key=eab_file.read_text(),
            management=f"https://localhost:{ports['acme-management']}",
        )
        acme._run(layout, files, ports)
        return acme

    def root(self) -> str:
        """The certificate of the issuing CA, which is new after every start."""
        answer = self._get(f"{self.management}/roots/0")
        if answer is None:
            raise ClusterError(f"The ACME server's management interface {self.management} does not answer.")
        return answer

    def _run(self, layout: Layout, files: Path, ports: dict[str, int]) -> None:
        served = credentials.issue(layout, files / "server", ["localhost", "127.0.0.1"])
        config = write_private(files / "config.json", json.dumps(self._configuration(ports, served), indent=1))
        resolver = f"127.0.0.1:{ports['dns']}"
        command = (str(tools.located(cache_directory()).pebble), "-config", str(config), "-dnsserver", resolver)
        # By default it waits a random time before validation, rejects some nonces, and reuses some authorizations.
        environment = {"PEBBLE_VA_NOSLEEP": "1", "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"}
        process = Process(layout, "pebble")
        process.ensure(Program("pebble", command, environment, where=self.directory))
        deadline = time.monotonic() + _START_SECONDS
        while self._get(self.directory) is None or self._get(f"{self.management}/roots/0") is None:
            if process.died():
                raise ClusterError(process.death_notice())
            if time.monotonic() > deadline:
                raise ClusterError(f"The ACME server {self.directory} does not answer; see {process.log_file}.")
            time.sleep(0.05)

    def _configuration(self, ports: dict[str, int], served: KeyPair) -> dict[str, object]:
        return {
            "pebble": {
                "listenAddress": f"127.0.0.1:{ports['acme']}",
                "managementListenAddress": f"127.0.0.1:{ports['acme-management']}",
                "certificate": str(served.certificate),
                "privateKey": str(served.key),
                # Like real servers, it connects to the address that DNS returns for the host.
                "httpPort": 80,
                "tlsPort": 443,
                "externalAccountBindingRequired": False,
                "externalAccountMACKeys": {self.eab_key_id: self.eab_key},
                "domainBlocklist": [REFUSED_HOST],
                "retryAfter": {"authz": 1, "order": 1},
                "keyAlgorithm": "ecdsa",
            }
        }

    def _get(self, url: str) -> str | None:
        with urllib3.PoolManager(ca_certs=str(self.ca_file), retries=False, timeout=2) as pool:
            try:
                answer = pool.request("GET", url)
            except urllib3.exceptions.HTTPError:
                return None
            return answer.data.decode() if answer.status == 200 else None
