# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""The connection of a task, and what was read over it, kept for the next task of the process: a loop's next item."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .client import CONNECTION, KubernetesClient
from .compact import CompactList
from .errors import ClusterError
from .objects import Manifest, Ref, ref
from .snapshot import FieldReader

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

_SECONDS = 1.0


@dataclass(frozen=True)
class Connected:
    """A connection to a cluster: the client, and what reads for plan and checks."""

    client: KubernetesClient
    reader: FieldReader


Connect = Callable[["AnsibleModule"], Connected]


def connect(module: AnsibleModule) -> Connected:
    """A connection for one task."""
    client = KubernetesClient(module)
    return Connected(client, client)


class Session:
    """Keeps the last connection, as long as the next task is for the same cluster with the same credentials."""

    def __init__(self) -> None:
        self._kept: tuple[str, Connected] | None = None

    def connect(self, module: AnsibleModule) -> Connected:
        """As connect(), or the connection that was kept."""
        given = _digest(module.params)
        if self._kept is None or self._kept[0] != given:
            client = KubernetesClient(module)
            reads = RecentReads(client)
            client.on_write = reads.written
            self._kept = given, Connected(client, reads)
        connected = self._kept[1]
        connected.client.warnings = {}
        return connected

    def forget(self) -> None:
        """Ends the connection, such as after a failure."""
        self._kept = None


def _digest(params: Mapping[str, Any]) -> str:
    """Stands for all that a connection depends on: options, variables of the environment, the content of kubeconfigs.

    It is a digest, so that no credential is kept.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith("K8S_AUTH_")}
    options = {name: params.get(name) for name in CONNECTION.argument_spec}
    kubeconfig = options["kubeconfig"] or os.environ.get("K8S_AUTH_KUBECONFIG") or os.environ.get("KUBECONFIG")
    contents = []
    if not isinstance(kubeconfig, Mapping):
        options.pop("kubeconfig")  # one that was decrypted is in another file each time
        paths = str(kubeconfig or "~/.kube/config").split(os.pathsep)
        contents = [_content(Path(path).expanduser()) for path in paths]
    told = json.dumps([options, environment, contents], sort_keys=True, default=str)
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


@dataclass
class _Answer:
    kind: str
    value: Any
    until: float


class RecentReads:
    """A reader whose answers are up to a second old. What its client has written since is laid over them."""

    def __init__(self, reader: FieldReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._reader = reader
        self._clock = clock
        self._answers: dict[tuple[object, ...], _Answer] = {}

    def find(
        self,
        kind: str,
        labels: Mapping[str, str],
        namespace: str | None = None,
        selectors: Iterable[str] = (),
        fields: str = "",
    ) -> list[Manifest]:
        conditions = tuple(selectors)
        question = ("find", kind, namespace, *sorted(labels.items()), conditions, fields)

        def read() -> dict[Ref, Manifest]:
            return {ref(live): live for live in self._reader.find(kind, labels, namespace, conditions, fields)}

        objects: dict[Ref, Manifest] = self._ask(kind, question, read)
        return list(objects.values())

    def get(self, at: Ref) -> Manifest | None:
        live: Manifest | None = self._ask(at.kind, ("get", at), lambda: self._reader.get(at))
        return live

    def written(self, at: Ref, live: Manifest | None) -> None:
        """An object was written (None: deleted)."""
        for question, answer in list(self._answers.items()):
            if answer.kind != at.kind:
                continue
            if question == ("get", at):
                answer.value = live
            elif question in (("find", at.kind, None, (), ""), ("find", at.kind, at.namespace, (), "")):
                if live is None:
                    answer.value.pop(at, None)
                else:
                    answer.value[at] = CompactList().kept({**live, "metadata": {**live["metadata"]}})
            elif question[0] == "find":
                del self._answers[question]  # whether it is among these objects is not known

    def _ask(self, kind: str, question: tuple[object, ...], read: Callable[[], Any]) -> Any:
        answer = self._answers.get(question)
        if answer is None or self._clock() >= answer.until:
            try:
                value = read()
            except ClusterError as error:
                value = error
            answer = self._answers[question] = _Answer(kind, value, self._clock() + _SECONDS)
        if isinstance(answer.value, ClusterError):
            raise answer.value
        return answer.value
