# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # How it is proved that an exposure is served (argument spec: PROBE in module_utils/_options/argument_spec.py)
    DOCUMENTATION = r"""
options:
  probe:
    description:
      - How O(wait=true) verifies that each host is served. The task requests it from every address of the gateway, from
        where the task runs.
      - For a wildcard, the request is for a made-up name in its domain. With O(tls.mode=passthrough), and with
        O(tls.mode=mutual) without O(probe.client_cert), a TLS handshake must succeed, and no request is sent.
      - With O(tls.redirect), plain HTTP must redirect to HTTPS.
      - An answer does not show which version of the objects it comes from. After a change of existing objects, the
        first request is therefore sent one second later.
      - If the gateway serves a certificate from a Secret, it must be the certificate that is in the Secret now. This
        needs the Python library C(cryptography) and the right to get that Secret. Without them, the task warns that it
        did not compare the certificates. Whether clients trust the certificate is only verified with O(probe.ca_cert).
      - The addresses are found by the gateway's pods and the Services that select them. This needs the rights to list
        pods (in all namespaces, or only in O(gateway.pods_namespace)) and C(services) in the namespace of the pods. The
        addresses are those of load balancers and C(externalIPs), or else NodePorts on the nodes of the pods, or else
        cluster IPs. If several pods are behind an address, one of them answers.
    type: dict
    version_added: 0.2.0
    suboptions:
      enabled:
        description:
          - Set this to V(false) if the gateway cannot be reached from where the task runs. The task then only waits for
            the certificate.
        type: bool
        default: true
      path:
        description:
          - Path (and query) to request. The default is V(/) if a route matches it, or else the first path in O(routes).
        type: str
      method:
        description: Method of the request.
        type: str
        default: GET
      headers:
        description:
          - Additional headers of the request.
          - Ansible may log them. If one of them is a secret, set C(no_log) for the task.
        type: dict
      status:
        description:
          - Statuses that prove that the host is served, whether the gateway or the application returns them.
          - By default, every answer proves it, except those that the gateway itself returns because it has no route for
            the request, or no endpoint for the route. So an application that returns 404 is served, and so is a policy
            that returns 403, or a route with a direct response.
        type: list
        elements: int
      location:
        description: URL to which the host must redirect (header C(Location)).
        type: str
      addresses:
        description:
          - Addresses or host names to probe, instead of those of the gateway's Services. For a gateway of role
            P(gatehouse.istio.istio#role), this is C({{ istio_ingress_gateways.public.addresses }}).
        type: list
        elements: str
      http_port:
        description: Port to probe for HTTP, such as a forwarded one. The default is the port of the Service.
        type: int
      https_port:
        description: Port to probe for HTTPS and TLS. The default is the port of the Service.
        type: int
      ca_cert:
        description:
          - File with the CA certificates (PEM) that clients trust. With it, the certificate that is served must be
            valid for the host and signed by one of them, also with O(tls.mode=passthrough).
        type: path
      client_cert:
        description: File with the client's certificate (PEM), and with its key unless O(probe.client_key) is set.
        type: path
      client_key:
        description: File with the unencrypted key (PEM) of O(probe.client_cert).
        type: path
"""
