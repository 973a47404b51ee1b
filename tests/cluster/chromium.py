# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headless Chromium for tests of pages: the installed one, or Debian's packages unpacked into the cache."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cluster import debian
from cluster.errors import ClusterError

Say = Callable[[str], None]
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_UNPACKED = "usr/lib/chromium/chromium-headless-shell"
_PACKAGES = ("chromium-headless-shell", "fonts-inter", "fonts-dejavu-core")
# Load nothing but the page.
_FLAGS = (
    "--headless",
    "--no-sandbox",  # root cannot use the sandbox; the pages are our own
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
)
_FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{directory}/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{directory}/fonts-cache</cachedir>
</fontconfig>
"""


@dataclass(frozen=True)
class Shown:
    """A loaded page, and the messages in Chromium's console, for example about blocked requests."""

    dom: str
    console: list[str]


@dataclass(frozen=True)
class Chromium:
    program: Path
    environment: dict[str, str] = field(default_factory=dict)

    def load(self, page: Path) -> Shown:
        return self._shown(page.absolute().as_uri(), "--window-size=1280,900", "--virtual-time-budget=1000")

    def visit(self, url: str, address: str, trusted: Iterable[bytes]) -> Shown:
        """Loads a page of a server. All hosts have this address; trusted are their certificates, in DER form."""
        rules = f"--host-resolver-rules=MAP * {address}"
        pins = f"--ignore-certificate-errors-spki-list={','.join(map(_pin, trusted))}"
        return self._shown(url, rules, pins)

    def screenshot(self, page: Path, file: Path, width: int, height: int, dark: bool = False) -> None:
        scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
        self._run(page.absolute().as_uri(), f"--window-size={width},{height}", scheme, f"--screenshot={file}")
        if not file.exists():
            raise ClusterError(f"{self.program} has made no picture of {page}.")

    def _shown(self, url: str, *flags: str) -> Shown:
        done = self._run(url, *flags, "--dump-dom")
        return Shown(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])

    def _run(self, url: str, *flags: str) -> subprocess.CompletedProcess[str]:
        with tempfile.TemporaryDirectory(prefix="gatehouse-", ignore_cleanup_errors=True) as profile:
            command = [str(self.program), *_FLAGS, f"--user-data-dir={profile}", *flags, url]
            environment = {**os.environ, **self.environment, "HOME": profile}
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
        if done.returncode != 0:
            raise ClusterError(f"{self.program} failed: {done.stderr.strip()[-500:]}")
        return done


def _pin(certificate: bytes) -> str:
    """The hash of a certificate's key, by which Chromium trusts it."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


def prepare(cache: Path, say: Say) -> Chromium:
    """Chromium's path. Raises ClusterError with the reason if there is none."""
    for name in _NAMES:
        if found := shutil.which(name):
            return Chromium(Path(found))
    try:
        directory = debian.unpack(cache, "chromium", _PACKAGES, say)
    except ClusterError as error:
        raise ClusterError(
            f"There is no Chromium on PATH, nor could Debian's packages be unpacked ({error}): install chromium or "
            "google-chrome, or run `apt-get update` first if the packages are only unknown or outdated."
        ) from error
    return unpacked(directory)


def unpacked(directory: Path) -> Chromium:
    """The program of the unpacked packages, with the fonts in the same directory."""
    fonts = directory / "fonts.conf"
    if not fonts.exists():
        fonts.write_text(_FONTS.format(directory=directory))
    return Chromium(directory / _UNPACKED, {**debian.libraries(directory), "FONTCONFIG_FILE": str(fonts)})
