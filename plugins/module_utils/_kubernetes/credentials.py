# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not import it from elsewhere.

"""Credentials are read into memory: the kubernetes package writes those of a kubeconfig into files, and keeps them.

It also keeps the last kubeconfig as the default of its next configuration, which may be for another cluster.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib3 import PoolManager

try:
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config
    from urllib3.util.ssl_ import create_urllib3_context
except ImportError:
    pass  # the client says that it is missing

# What the pool would read from files at each new connection.
_FILES = ("ca_certs", "cert_file", "key_file", "key_password")


@contextmanager
def nothing_kept() -> Iterator[None]:
    """Configurations made in it start from the package's defaults, and neither they nor their files are left."""
    default, files = Configuration._default, dict(_temporary_files())  # noqa: SLF001  (there is no other way to read it)
    Configuration.set_default(None)
    try:
        yield
    finally:
        Configuration.set_default(default)
        for content in _temporary_files().keys() - files.keys():
            with suppress(OSError):
                Path(_temporary_files().pop(content)).unlink()


def _temporary_files() -> dict[Any, str]:
    """Files by their content, which the package removes when Python ends, if it ends as usual."""
    files: dict[Any, str] = getattr(kube_config, "_temp_files", {})
    return files


def read_into_memory(pool: PoolManager) -> None:
    """Lets a pool make its connections with certificates and keys that are read now, once."""
    options = pool.connection_pool_kw
    given = {name: options.pop(name, None) for name in _FILES}
    verifies = options.get("cert_reqs") not in (None, ssl.CERT_NONE, "CERT_NONE")
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE)
    if given["ca_certs"]:
        context.load_verify_locations(given["ca_certs"])
    elif verifies:
        context.load_default_certs()
    if given["cert_file"]:
        context.load_cert_chain(given["cert_file"], given["key_file"], given["key_password"])
    options["ssl_context"] = context
