# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments, ports, values and the simulated kubelet's stages."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import yaml

from cluster import control_plane, ports, tools, variables
from cluster.control_plane import PARTS, PORT_NAMES, Settings
from cluster.layout import Layout

SETTINGS = Settings({name: 20000 + number for number, name in enumerate(PORT_NAMES)}, "192.0.2.9", kwok_run=3)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path / "cluster")
    layout.make()
    return layout


def test_every_part_has_a_program(layout: Layout) -> None:
    programs = control_plane.programs(layout, SETTINGS, tools.located(Path("/cache")))
    assert tuple(programs) == PARTS


def test_nothing_listens_beyond_this_host(layout: Layout) -> None:
    """All that is told to listen is told to do so on loopback, or not at all."""
    programs = control_plane.programs(layout, SETTINGS, tools.located(Path("/cache")))
    for program in programs.values():
        for argument in program.command:
            name, _equals, value = argument.partition("=")
            if name.startswith("--listen-"):
                assert value.startswith("https://127.0.0.1:")
    assert "--bind-address=127.0.0.1" in programs["kube-apiserver"].command
    assert "--secure-port=0" in programs["kube-controller-manager"].command
    assert "--secure-port=0" in programs["kube-scheduler"].command


def test_requests_are_logged_where_there_is_a_policy_for_it(layout: Layout) -> None:
    def audit() -> list[str]:
        command = control_plane.programs(layout, SETTINGS, tools.located(Path("/cache")))["kube-apiserver"].command
        return [argument for argument in command if argument.startswith("--audit-")]

    assert audit() == []
    layout.audit_policy.touch()
    assert audit() == [
        f"--audit-policy-file={layout.audit_policy}",
        f"--audit-log-path={layout.audit_log}",
        "--audit-log-maxsize=0",
    ]


def test_every_run_of_kwok_has_its_own_addresses(layout: Layout) -> None:
    programs = control_plane.programs(layout, SETTINGS, tools.located(Path("/cache")))
    assert "--cidr=10.131.0.1/16" in programs["kwok"].command


def test_the_stages_are_whole() -> None:
    stages = list(yaml.safe_load_all(control_plane.STAGES.read_text()))
    assert [stage["metadata"]["name"] for stage in stages] == [
        "node-ready",
        "node-heartbeat",
        "pod-address",
        "pod-without-image",
        "pod-ready",
        "pod-not-ready",
        "pod-complete",
        "pod-delete",
    ]
    assert all(stage["kind"] == "Stage" for stage in stages)


def test_a_block_of_ports_is_free_and_the_clusters_own() -> None:
    block = ports.free_block("here", PORT_NAMES)
    assert tuple(block) == PORT_NAMES
    assert ports.free_block("here", PORT_NAMES) == block
    assert not set(ports.free_block("there", PORT_NAMES).values()) & set(block.values())


def test_a_block_whose_first_port_is_taken_is_left_alone() -> None:
    block = ports.free_block("taken", PORT_NAMES)
    with socket.socket() as running:
        running.bind(("127.0.0.1", block["etcd"]))
        running.listen()
        assert not set(ports.free_block("taken", PORT_NAMES).values()) & set(block.values())


def test_webhooks_are_reached_by_url() -> None:
    """There is no kube-proxy that would lead the API server to a Service."""
    port = SETTINGS.ports["istiod-https"]
    assert variables.base_values(SETTINGS.ports)["base"]["validationURL"] == f"https://localhost:{port}/validate"
    istiod = variables.istiod_values(SETTINGS.ports)
    assert istiod["base"]["validationURL"] == f"https://localhost:{port}/validate"
    assert istiod["istiodRemote"]["injectionURL"] == f"https://localhost:{port}/inject"


def test_cert_managers_webhook_is_reached_by_url_too() -> None:
    values = variables.cert_manager_values(SETTINGS.ports)
    assert values["webhook"]["url"]["host"] == f"localhost:{SETTINGS.ports['cert-manager-webhook']}"


def test_every_port_has_one_owner() -> None:
    assert len(set(PORT_NAMES)) == len(PORT_NAMES)
    assert set(PARTS) >= {"etcd", "kube-apiserver"} <= set(control_plane.PORTS)


def test_the_variables_leave_the_users_own_free(layout: Layout) -> None:
    variables.write(layout, SETTINGS, tools.located(Path("/cache")))
    written = yaml.safe_load(layout.vars_file.read_text())
    own = {"istio_base_values", "istio_istiod_values", "istio_gateways", "cert_manager_values"}
    assert not own & set(written)
    for name in ("istio_base_values_files", "istio_istiod_values_files", "cert_manager_values_files"):
        assert all(Path(path).exists() for path in written[name])
    assert written["istio_kubeconfig"] == str(layout.kubeconfig)
