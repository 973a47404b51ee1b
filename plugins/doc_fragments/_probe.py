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
      - How O(wait=true) makes sure that each host is served, by a request from where the task runs to every address of
        the gateway.
      - Of a wildcard, a made-up name below it is asked for. With O(tls.mode=passthrough), and with O(tls.mode=mutual)
        without O(probe.client_cert), a TLS handshake must succeed; nothing is requested.
      - With O(tls.redirect), plain HTTP must redirect to HTTPS.
      - An answer does not tell which version of the objects it follows. So after a change of objects that were there
        already, the first request is made a second later.
      - Where the gateway shows a certificate from a Secret, it must be the one that is in the Secret now. This needs
        the Python library C(cryptography) and the right to get that Secret; without them a warning says that nothing
        was compared. Whether clients trust it is only verified with O(probe.ca_cert).
      - The addresses are found by the gateway's pods and the Services that select them, which takes the right to list
        pods (in all namespaces, or only in O(gateway.pods_namespace)) and C(services) beside them. They are those of
        load balancers and C(externalIPs), or else NodePorts on the nodes of the pods, or else cluster IPs. Of several
        pods behind an address, one is asked.
    type: dict
    version_added: 0.2.0
    suboptions:
      enabled:
        description:
          - Set to V(false) where the gateway cannot be reached from where the task runs. Then only the certificate is
            waited for.
        type: bool
        default: true
      path:
        description:
          - Path (and query) to request. The default is V(/) if a route takes it, or else the first path that O(routes)
            name.
        type: str
      method:
        description: Method of the request.
        type: str
        default: GET
      headers:
        description:
          - Further headers of the request.
          - Ansible may log them. If one is a secret, set C(no_log) for the task.
        type: dict
      status:
        description:
          - Statuses that prove that the host is served, whoever answers with them.
          - By default every answer does that the gateway does not give itself for want of a route or of an endpoint
            behind it. So an application that answers 404 is served, and so is a policy that answers 403.
        type: list
        elements: int
      location:
        description: The C(Location) to which the host must redirect.
        type: str
      addresses:
        description:
          - Ask these addresses or host names, in place of those of the gateway's Services. For a gateway of role
            P(gatehouse.istio.istio#role) it is C({{ istio_ingress_gateways.public.addresses }}).
        type: list
        elements: str
      http_port:
        description: Ask on this port for HTTP, such as one that is forwarded. The default is the Service's.
        type: int
      https_port:
        description: Ask on this port for HTTPS and TLS. The default is the Service's.
        type: int
      ca_cert:
        description:
          - File with the CA certificates (PEM) that clients trust. With it, the certificate that is served must be
            valid for the host and be signed by them, with O(tls.mode=passthrough) too.
        type: path
      client_cert:
        description: File with the client's certificate (PEM), and its key unless O(probe.client_key) has it.
        type: path
      client_key:
        description: File with the key of O(probe.client_cert), unencrypted (PEM).
        type: path
"""
