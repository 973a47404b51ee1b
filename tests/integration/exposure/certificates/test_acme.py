# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exposures whose certificates come from an ACME server, which really asks the gateway (HTTP-01)."""

from __future__ import annotations

from cluster.acme import REFUSED_HOST
from cluster.dns import Dns
from cluster.testing import Cluster
from support.certificates import AcmeIssuer, Answers, Authorities, Expose, by, done, secret_of


def test_http01_gets_through_while_the_host_redirects(
    istio: Cluster,
    expose: Expose,
    answers: Answers,
    authorities: Authorities,
    acme_issuer: AcmeIssuer,
    dns: Dns,
    host: str,
) -> None:
    dns.point({host: istio.gateway_address("public")})
    done(expose(tls=by(authorities.first, redirect=True)))
    challenge = f"http://{host}/.well-known/acme-challenge/token"
    assert answers(challenge, 301).location == challenge.replace("http:", "https:")
    done(expose(tls=by(acme_issuer.name, redirect=True), wait_timeout=60))
    served = answers(f"https://{host}/", 200, ca_file=str(acme_issuer.root))
    assert served.certificate is not None
    assert int(served.certificate.serial, 16) == secret_of(istio, f"shop.{host.partition('.')[0]}")[0].serial_number
    assert answers(f"http://{host}/", 301).location == f"https://{host}/"


def test_a_refused_order_fails_at_once_with_the_servers_reason(
    expose: Expose, acme_issuer: AcmeIssuer, dns: Dns
) -> None:
    assert dns.address
    outcome = expose(hosts=[REFUSED_HOST], tls=by(acme_issuer.name), wait_timeout=60)
    assert "could not be issued: Certificate: The certificate request has failed" in outcome.message
    assert REFUSED_HOST in outcome.message
    assert "\n" not in outcome.message


def test_a_challenge_that_does_not_get_there_fails_in_time_with_its_reason(
    expose: Expose, acme_issuer: AcmeIssuer, dns: Dns, host: str
) -> None:
    assert dns.address  # which does not know the host
    outcome = expose(tls=by(acme_issuer.name), wait_timeout=5)
    assert "is not ready after 5 s" in outcome.message
    assert f"Challenge HTTP-01 for {host}: " in outcome.message
    assert "no such host" in outcome.message


def test_a_wildcard_that_an_issuer_cannot_prove_is_found_and_never_issued(
    expose: Expose, acme_issuer: AcmeIssuer, dns: Dns, host: str
) -> None:
    assert dns.address
    outcome = expose(hosts=[f"*.{host}"], tls=by(acme_issuer.name), wait_timeout=5)
    assert [finding["code"] for finding in outcome.result["findings"]] == ["issuer-cannot-prove"]
    assert "is not ready after 5 s" in outcome.message
