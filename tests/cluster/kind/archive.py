# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Container images, written as the archives that `docker load` and `ctr images import` read.

An image here is a few files, so that neither a registry nor a builder is needed. The format is that of
`docker save`: https://github.com/moby/docker-image-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class File:
    """A file of an image: its path and its content."""

    path: str
    source: Path | None = None
    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True)
class Image:
    """An image's metadata besides the layers. `name` includes the tag."""

    name: str
    entrypoint: tuple[str, ...] = ()
    user: str = ""
    environment: tuple[str, ...] = ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",)
    stop_signal: str = ""


def program(path: str, source: Path) -> File:
    return File(path, source, mode=0o755)


def symbolic_link(path: str, target: str) -> File:
    return File(path, link=target)


def write_layer(target: Path, files: Iterable[File], directories: Iterable[str] = ()) -> Path:
    """A layer of these files; the same files result in the same bytes. Every user can write to `directories`."""
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for directory in directories:
            entry = tarfile.TarInfo(directory.strip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            tar.addfile(entry)
        for file in files:
            _add(tar, file)
    return target


def _add(tar: tarfile.TarFile, file: File) -> None:
    entry = tarfile.TarInfo(file.path.lstrip("/"))
    entry.mode = file.mode
    if file.link:
        entry.type, entry.linkname = tarfile.SYMTYPE, file.link
        tar.addfile(entry)
    elif file.source is not None:
        entry.size = file.source.stat().st_size
        with file.source.open("rb") as content:
            tar.addfile(entry, content)
    else:
        entry.size = len(file.content)
        tar.addfile(entry, io.BytesIO(file.content))


def write_image(target: Path, image: Image, layers: list[Path]) -> Path:
    """Write the archive of an image, atomically."""
    digests = [_digest(layer) for layer in layers]
    config = json.dumps(configuration(image, digests), sort_keys=True).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{digest}/layer.tar" for digest in digests]
    manifest = json.dumps([{"Config": config_name, "RepoTags": [image.name], "Layers": names}]).encode()
    unfinished = target.with_name(f".{target.name}.unfinished")
    with tarfile.open(unfinished, "w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, File(config_name, content=config))
        for name, layer in zip(names, layers, strict=True):
            _add(tar, File(name, layer))
        _add(tar, File("manifest.json", content=manifest))
    unfinished.replace(target)
    return target


def configuration(image: Image, digests: list[str]) -> dict[str, Any]:
    """The image's configuration: how to run it, and its layers (by SHA-256)."""
    run: dict[str, Any] = {"Env": list(image.environment), "Entrypoint": list(image.entrypoint) or None}
    if image.user:
        run["User"] = image.user
    if image.stop_signal:
        run["StopSignal"] = image.stop_signal
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": run,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in digests]},
        "history": [{"created_by": "tests/cluster/kind"} for _digest in digests],
    }


def _digest(layer: Path) -> str:
    with layer.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
