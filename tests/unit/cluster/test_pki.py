# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates pass strict verification, and are made anew only when they have to be."""

from __future__ import annotations

import datetime
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest

from cluster import credentials, pki
from cluster.layout import Layout
from cluster.pki import KeyPair


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.make()
    credentials.ensure_credentials(layout, 6443)
    return layout


def handshake(server: KeyPair, ca: Path, name: str) -> bytes | None:
    """The certificate of a TLS handshake as Python's clients make it, with strict verification."""
    ours, theirs = socket.socketpair()
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    accepting.load_cert_chain(server.certificate, server.key)

    def accept() -> None:
        try:
            with accepting.wrap_socket(theirs, server_side=True) as connection:
                connection.recv(1)
        except OSError:
            theirs.close()  # the client ended or refused: it is the client that is asked about

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        context = ssl.create_default_context(cafile=str(ca))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with context.wrap_socket(ours, server_hostname=name) as connection:
            return connection.getpeercert(binary_form=True)
    finally:
        ours.close()
        thread.join()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "kubernetes.default.svc"])
def test_the_api_servers_certificate_is_accepted(layout: Layout, name: str) -> None:
    pair = credentials.pair(layout, "kube-apiserver")
    served = handshake(pair, layout.pki / "ca.crt", name)
    assert served == ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())


def test_a_wildcard_covers_one_level_and_no_other_name(layout: Layout) -> None:
    issued = credentials.issue(layout, layout.certificates / "wildcard.example.com", ["*.example.com"])
    handshake(issued, layout.ca_certificate, "shop.example.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(issued, layout.ca_certificate, "example.com")


def test_the_test_ca_does_not_vouch_for_the_api_server(layout: Layout) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(credentials.pair(layout, "kube-apiserver"), layout.ca_certificate, "localhost")


def test_what_lasts_is_kept(layout: Layout) -> None:
    before = {path: path.read_bytes() for path in layout.pki.iterdir()}
    credentials.ensure_credentials(layout, 6443)
    assert {path: path.read_bytes() for path in layout.pki.iterdir()} == before


def test_what_ends_within_a_month_is_made_anew(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = credentials.pair(layout, "agent")
    ca = pair.certificate.with_name("ca.crt"), pair.certificate.with_name("ca.key")
    monkeypatch.setattr(pki, "_LEAF_LIFETIME", datetime.timedelta(days=29))
    pki.ensure_certificate(pair, KeyPair(*ca), "other")
    before = pair.certificate.read_bytes()
    pki.ensure_certificate(pair, KeyPair(*ca), "other")
    assert pair.certificate.read_bytes() != before


def test_a_new_ca_means_new_certificates(layout: Layout) -> None:
    before = credentials.pair(layout, "admin").certificate.read_bytes()
    (layout.pki / "ca.crt").unlink()
    credentials.ensure_credentials(layout, 6443)
    assert credentials.pair(layout, "admin").certificate.read_bytes() != before


def test_only_the_owner_can_read_them(layout: Layout) -> None:
    files = [path for path in layout.root.rglob("*") if path.is_file()]
    assert layout.kubeconfig in files
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
