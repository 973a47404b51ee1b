# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded cluster's control plane: that it is a real one, and that starting and stopping it is safe."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import kubernetes
import pytest
import yaml

from cluster import lifecycle, tools
from cluster.errors import ClusterError
from cluster.layout import REPOSITORY, Layout, cache_directory
from cluster.processes import Process, processes_of, start_time
from cluster.testing import Cluster

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        },
    },
}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, as a user calls it."""
    program = [sys.executable, "tests/cluster", *arguments]
    return subprocess.run(program, cwd=REPOSITORY, capture_output=True, text=True, check=False)


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of the cluster's."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def other(new_cluster: Callable[[], Cluster]) -> Cluster:
    """A cluster that these tests may break."""
    return new_cluster()


class TestControlPlane:
    def test_it_is_the_pinned_kubernetes(self, cluster: Cluster) -> None:
        version = json.loads(cluster.kubectl("version", "-o", "json"))["serverVersion"]
        assert version["gitVersion"] == f"v{tools.pinned('k8s.io/kubernetes')}"

    def test_deployments_become_available(self, cluster: Cluster, namespace: str) -> None:
        cluster.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(DEPLOYMENT))
        cluster.kubectl("wait", "deployment/web", "-n", namespace, "--for=condition=Available", "--timeout=20s")
        pods = cluster.kubectl("get", "pods", "-n", namespace)["items"]
        assert len({pod["status"]["podIP"] for pod in pods}) == 2

    def test_jobs_complete(self, cluster: Cluster, namespace: str) -> None:
        cluster.kubectl("create", "job", "once", "--image=once:1", "-n", namespace)
        cluster.kubectl("wait", "job/once", "-n", namespace, "--for=condition=Complete", "--timeout=20s")

    def test_a_pod_whose_image_cannot_be_pulled_stays_pending(self, cluster: Cluster, namespace: str) -> None:
        """Such as a gateway's, in a namespace where injection is disabled."""
        cluster.kubectl("run", "gateway", "--image=auto", "-n", namespace)
        jsonpath = "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=ImagePullBackOff"
        cluster.kubectl("wait", "pod/gateway", "-n", namespace, jsonpath, "--timeout=20s")

    @pytest.mark.parametrize("binary", ["helm", "helm3"])
    def test_helm_waits_for_a_release(self, cluster: Cluster, namespace: str, tmp_path: Path, binary: str) -> None:
        (tmp_path / "templates").mkdir()
        (tmp_path / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "web", "version": "1.0.0"}))
        (tmp_path / "templates" / "web.yaml").write_text(yaml.safe_dump(DEPLOYMENT))
        arguments = ["install", "web", str(tmp_path), "-n", namespace, "--wait", "--timeout=30s"]
        assert "STATUS: deployed" in cluster.helm(*arguments, binary=binary)
        deployment = cluster.kubectl("get", "deployment", "web", "-n", namespace)
        assert deployment["status"]["availableReplicas"] == 2

    def test_the_python_client_accepts_its_certificates(self, cluster: Cluster) -> None:
        assert kubernetes.client.VersionApi(cluster.api).get_code().major == "1"

    def test_etcd_answers_only_to_the_api_server(self, cluster: Cluster) -> None:
        """It holds every Secret."""
        port = lifecycle.load_settings(cluster.layout).ports["etcd"]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(5)
            connection.sendall(b"GET /v2/keys HTTP/1.1\r\nHost: etcd\r\n\r\n")
            assert not connection.recv(1024).startswith(b"HTTP/1.1 200")

    def test_nobody_else_can_read_its_files(self, cluster: Cluster) -> None:
        open_to_others = stat.S_IRWXG | stat.S_IRWXO
        paths = [cluster.dir, *cluster.dir.rglob("*")]
        # Files that come and go while this looks (etcd's) are as good as any.
        assert [path for path in paths if path.exists() and path.stat().st_mode & open_to_others] == []


class TestStartAndStop:
    def test_clusters_live_side_by_side(self, cluster: Cluster, other: Cluster) -> None:
        other.kubectl("create", "configmap", "mine")
        assert cluster.kubectl("get", "configmap", "mine", "--ignore-not-found", "-o", "name") == ""
        mine, others = (lifecycle.load_settings(each.layout).ports.values() for each in (cluster, other))
        assert not set(mine) & set(others)
        ranges = {(each.layout.agent / "loopback").read_text() for each in (cluster, other)}
        assert len(ranges) == 2

    def test_starting_a_running_cluster_changes_nothing(self, other: Cluster) -> None:
        before = [process.record() for process in processes_of(other.layout)]
        done = command("start", "--dir", str(other.dir))
        assert (done.returncode, done.stdout.splitlines()[0]) == (0, f"The cluster in {other.dir} is running.")
        assert [process.record() for process in processes_of(other.layout)] == before

    def test_a_dead_part_is_named_with_the_end_of_its_log(self, other: Cluster) -> None:
        other.kubectl("create", "configmap", "kept-by-etcd")
        other.kill("etcd")
        done = command("status", "--dir", str(other.dir))
        assert done.returncode == 1
        assert next(line for line in done.stdout.splitlines() if line.startswith("etcd")).split()[1:3] == ["-", "dead"]

        done = command("start", "--dir", str(other.dir))
        assert done.returncode == 0, done.stderr
        log = other.layout.log / "etcd.log"
        assert done.stdout.startswith(f"etcd died; the end of {log}:\n    ")
        assert command("status", "--dir", str(other.dir)).returncode == 0
        other.kubectl("get", "configmap", "kept-by-etcd")

    def test_a_part_that_cannot_start_is_named_with_the_end_of_its_log(self, other: Cluster) -> None:
        other.stop(delete=False)
        member = other.layout.etcd_data / "member"
        member.rename(member.with_name("aside"))
        member.touch()
        done = command("start", "--dir", str(other.dir))
        assert done.returncode == 1
        assert done.stderr.startswith(f"etcd died; the end of {other.layout.log / 'etcd.log'}:\n    ")
        assert "Traceback" not in done.stderr
        member.unlink()
        member.with_name("aside").rename(member)
        other.start()

    def test_a_killed_cluster_starts_again_with_its_data(self, other: Cluster) -> None:
        other.kubectl("create", "configmap", "kept")
        other.kill()
        other.said.clear()
        other.start()
        assert other.said[0] == "All processes of an earlier run are gone; starting again with its data."
        other.kubectl("get", "configmap", "kept")
        other.kubectl("apply", "-f", "-", stdin=json.dumps(DEPLOYMENT))
        other.kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=20s")

    def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(
        self, other: Cluster, bystander: subprocess.Popen[bytes]
    ) -> None:
        process = Process(other.layout, "kwok")
        record = process.record()
        assert record is not None
        other.kill("kwok")
        process.pid_file.write_text(json.dumps(asdict(replace(record, pid=bystander.pid))))
        other.stop(delete=False)
        assert bystander.poll() is None
        other.start()
        assert bystander.poll() is None

    def test_stop_ends_all_that_is_its_own_and_nothing_else(
        self, other: Cluster, cluster: Cluster, bystander: subprocess.Popen[bytes]
    ) -> None:
        records = [record for process in processes_of(other.layout) if (record := process.running())]
        assert len(records) >= 6
        assert command("stop", "--dir", str(other.dir)).returncode == 0
        assert [record.pid for record in records if start_time(record.pid) == record.start_time] == []
        assert all(process.running() for process in processes_of(cluster.layout))
        assert bystander.poll() is None
        done = command("status", "--dir", str(other.dir))
        assert (done.returncode, done.stdout.count("stopped")) == (1, 6)

    def test_it_comes_back_where_it_was(self, other: Cluster) -> None:
        before = other.kubeconfig.read_text()
        other.start()
        assert other.kubeconfig.read_text() == before
        other.kubectl("get", "configmap", "kept")

    def test_stop_removes_only_a_clusters_directory(self, tmp_path: Path) -> None:
        (tmp_path / "precious").touch()
        with pytest.raises(ClusterError, match="is not the directory of a cluster"):
            lifecycle.stop_cluster(Layout(tmp_path), print, delete=True)
        assert (tmp_path / "precious").exists()


def test_commands_without_a_cluster_say_so(tmp_path: Path) -> None:
    done = command("certificate", "a.example.com", "--dir", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"There is no cluster in {tmp_path}/none: start one with ")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["certificate", "../escape"], "'../escape' is no host name, wildcard (*.example.com) or IP address."),
        (["request", "ftp://a.example.com/", "--address", "127.0.0.1"], "'ftp://a.example.com/' is not an http:// or "),
    ],
)
def test_bad_input_is_one_sentence(cluster: Cluster, arguments: list[str], sentence: str) -> None:
    done = command(*arguments, "--dir", str(cluster.dir))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(sentence)


def test_a_directory_that_cannot_be_made_is_one_sentence() -> None:
    done = command("start", "--dir", "/proc/cluster")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "/proc/cluster" in done.stderr


def test_certificates_are_kept_while_they_fit(cluster: Cluster) -> None:
    def issue(*hosts: str) -> tuple[dict[str, str], bytes]:
        done = command("certificate", *hosts, "--dir", str(cluster.dir))
        files = json.loads(done.stdout)
        return files, Path(files["crt"]).read_bytes()

    files, content = issue("*.example.com", "example.com")
    assert files["crt"] == str(cluster.layout.certificates / "wildcard.example.com.crt")
    assert files["ca"] == str(cluster.dir / "ca.crt")
    assert issue("*.example.com", "example.com") == (files, content)
    assert issue("*.example.com")[1] != content


def test_the_programs_of_the_cache_are_the_ones_that_run(cluster: Cluster) -> None:
    record = Process(cluster.layout, "kube-controller-manager").running()
    assert record is not None
    program = Path(f"/proc/{record.pid}/exe").resolve()
    assert program == tools.located(cache_directory()).kube_controller_manager.resolve()
