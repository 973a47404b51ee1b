# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m cluster.agent --dir DIR`: runs until it gets a signal; the processes that it started keep running."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import threading
import traceback
from pathlib import Path
from types import FrameType

from cluster.agent import cert_manager, istiod, solvers
from cluster.agent.addresses import Addresses
from cluster.agent.backends import Backends
from cluster.agent.deployed import Deployed
from cluster.agent.forwarder import Forwarder
from cluster.agent.gateways import Gateways
from cluster.agent.reconcile import Reconciler, run
from cluster.agent.watch import Watch
from cluster.api import Api
from cluster.layout import Layout, write_private
from cluster.lifecycle import load_settings


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--dir", "--pilot-discovery", "--envoy", "--cert-manager"):
        parser.add_argument(name, type=Path, required=True)
    arguments = parser.parse_args()
    layout = Layout(arguments.dir)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)

    settings = load_settings(layout)
    api = Api(layout, settings.api, "agent")
    wake = threading.Event()

    def pods(selector: str) -> Watch:
        return Watch(api, "/api/v1/pods", {"labelSelector": selector}, wake)

    istiod_pods, cert_manager_pods, solver_pods = pods(istiod.PODS), pods(cert_manager.PODS), pods(solvers.PODS)
    injected_pods = pods("sidecar.istio.io/inject=true")
    services = Watch(api, "/api/v1/services", {}, wake)
    watches = (istiod_pods, cert_manager_pods, solver_pods, injected_pods, services)

    istiod_part = istiod.istiod(arguments.pilot_discovery, settings.ports)
    cert_manager_parts = cert_manager.cert_manager(arguments.cert_manager, settings.ports)
    reconcilers: tuple[Reconciler, ...] = (
        Deployed(layout, settings, api, istiod_part, istiod_pods),
        *(Deployed(layout, settings, api, part, cert_manager_pods) for part in cert_manager_parts),
        solvers.Solvers(layout, settings, api, arguments.cert_manager, solver_pods, services),
        Gateways(
            layout,
            settings,
            api,
            arguments.envoy,
            injected_pods,
            services,
            Addresses.reserve(layout),
            Forwarder(),
        ),
        Backends(layout, settings, api, services),
    )
    # Without its watches the agent would miss changes, so it exits. `status` and `start` report that, with its log.
    threading.excepthook = _end_with_traceback
    for watch in watches:
        watch.start()
    for watch in watches:
        watch.synced.wait()
    ending = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ending.set()

    signal.signal(signal.SIGTERM, end)
    write_private(layout.agent / "ready", str(os.getpid()))
    run(reconcilers, wake, ending, Report(layout.agent / "settled"))


def _end_with_traceback(failure: threading.ExceptHookArgs) -> None:
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


class Report:
    """Keeps a file that exists exactly while everything that should run is running. `start` waits for it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._settled = False
        file.unlink(missing_ok=True)

    def __call__(self, settled: bool) -> None:
        if settled and not self._settled:
            write_private(self._file, str(os.getpid()))
        elif self._settled and not settled:
            self._file.unlink(missing_ok=True)
        self._settled = settled


if __name__ == "__main__":
    main()
