# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # The options that describe an exposure (argument spec: module_utils/_options/argument_spec.py)
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the exposure and of its VirtualService. Its Gateway has the same name, unless O(gateway.name) is set.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the exposure and of its VirtualService. It must exist.
    type: str
    required: true
  state:
    description:
      - V(present) makes the objects of the exposure match the options. Objects and fields that the task no longer names
        are removed; fields that other tools have set stay.
      - V(absent) deletes every object of the exposure, and nothing else. The Secret with a certificate from
        cert-manager belongs to cert-manager and stays. If the exposure comes back, the certificate is available at
        once.
    type: str
    choices: [present, absent]
    default: present
  hosts:
    description:
      - Host names at which clients reach the service, such as V(shop.example.com) or V(*.example.com).
      - A wildcard takes a whole domain away from every other exposure behind the same gateway. Where you can, list the
        hosts one by one.
      - Hosts have a domain and are in lower case. A wildcard cannot be in the same list as a host that it covers.
      - Required with O(state=present).
    type: list
    elements: str
  protocol:
    description:
      - Protocol at the hosts. V(http) includes HTTP/2, gRPC and WebSocket.
      - With V(tcp), V(mongo) and V(redis), the gateway forwards connections. Without O(tls), the exposure gets every
        connection to O(gateway.tcp_port), whatever the host. With O(tls), connections arrive at O(gateway.https_port),
        and other exposures can use the same port if the clients send the host name as SNI.
      - V(mongo) and V(redis) work like V(tcp), except that istiod may add an Envoy filter for the protocol if there is
        no O(tls) (C(PILOT_ENABLE_MONGO_FILTER), C(PILOT_ENABLE_REDIS_FILTER)).
    type: str
    choices: [http, tcp, mongo, redis]
    default: http
    version_added: 0.2.0
  service:
    description:
      - The Kubernetes Service that receives all requests, as C(name) in O(namespace), as C(name.namespace), or with its
        full DNS name.
      - For several destinations, or different ones by path, use O(routes) instead.
    type: str
  port:
    description:
      - Port number of the Service. Optional if the Service has only one port.
    type: int
  gateway:
    description:
      - The ingress gateway through which clients reach the hosts.
      - Set O(gateway.selector) for a Gateway object of the exposure's own, O(gateway.selector) and O(gateway.shared)
        for a Gateway object that several exposures share, or O(gateway.existing) to attach to an existing one.
      - When this option changes, the exposure moves. The VirtualService is bound to both Gateways, the new Gateway gets
        the hosts, and then the exposure leaves the old one. With O(wait=true), it leaves only after the new Gateway
        serves the hosts.
      - During a move between Gateways of the same pods, Envoy answers requests for hosts with TLS with 404 for some
        tenths of a second, while it switches from one Gateway to the other. The hosts of other exposures are served all
        the time.
      - Required with O(state=present).
    type: dict
    suboptions:
      selector:
        description:
          - Labels of the ingress gateway's pods. Role P(gatehouse.istio.istio#role) returns them for the gateways that
            it installs.
          - Every pod with all of these labels serves the hosts, whichever Deployment it belongs to.
        type: dict
      name:
        description: Name of the Gateway object. Defaults to O(name).
        type: str
      namespace:
        description: Namespace of the Gateway object. Defaults to O(namespace).
        type: str
      http_port:
        description: Port of the gateway's Service for HTTP.
        type: int
        default: 80
      https_port:
        description:
          - Port of the gateway's Service for HTTPS and TLS. With O(tls.redirect), it must differ from
            O(gateway.http_port).
        type: int
        default: 443
      tcp_port:
        description:
          - Port of the gateway's Service for connections with O(protocol=tcp), O(protocol=mongo) or O(protocol=redis)
            without O(tls). Required in this case.
          - No other exposure behind the same gateway can use this port.
        type: int
        version_added: 0.2.0
      server_spec:
        description:
          - Further fields of the Gateway's server for the hosts, as raw Istio fields, such as C(tls) with
            C(cipherSuites). They are merged last, key by key. V(null) removes a field.
        type: dict
        version_added: 0.2.0
      pods_namespace:
        description:
          - Namespace of the ingress gateway's pods, where Istio looks up certificates and client CAs. Only needed with
            O(tls.certificate), O(tls.mode=mutual) and O(tls.mode=optional_mutual).
          - By default, the module finds the namespace by O(gateway.selector), which needs the right to list pods in all
            namespaces.
        type: str
        version_added: 0.2.0
      existing:
        description:
          - An existing Gateway object to attach to, as C(name) in O(namespace) or as C(namespace/name). The module
            never changes it.
        type: str
      shared:
        description:
          - A Gateway object that several exposures share, as C(name) in O(namespace) or as C(namespace/name). The first
            exposure creates it, each exposure adds and removes its own hosts, and the last one deletes it. Any number
            of tasks may do so at the same time, also from different machines.
          - Give all exposures on it the same O(gateway.selector), and those with a host in common the same O(tls). To
            change these for all of them, change them in one task of M(gatehouse.istio.istio_exposures).
          - Hosts with the same port and the same O(tls) are in one server. So a browser that reuses an HTTP/2
            connection for another host of the certificate finds that host on the connection. With one Gateway for each
            host, it gets 404. With O(protocol) other than V(http) and TLS, each exposure has its own server.
          - An annotation of the Gateway records what each exposure has added. Kubernetes allows 256 KiB for all of
            them, which is enough for about 700 exposures with one host each, or 500 with ten hosts each. The Gateway
            does not get O(labels) and O(annotations).
          - Replaces O(gateway.name) and O(gateway.namespace).
        type: str
        version_added: 0.2.0
  tls:
    description:
      - How the hosts are served. Without this option, they are served over plain HTTP.
      - With O(gateway.existing), only O(tls.mode) and O(tls.redirect) are allowed, because the Gateway's owner decides
        the rest.
    type: dict
    suboptions:
      mode:
        description:
          - V(simple) terminates TLS at the gateway, with the certificate in O(tls.credential_name).
          - V(mutual) does the same, and accepts only clients with a certificate from the CA in O(tls.client_ca).
          - V(optional_mutual) verifies client certificates, and also accepts clients without one.
          - V(passthrough) forwards the encrypted connection to the service, by the server name (SNI) that the client
            sends.
          - V(none) serves plain HTTP.
          - V(mutual) and V(optional_mutual) were added in gatehouse.istio 0.2.0.
        type: str
        choices: [none, simple, mutual, optional_mutual, passthrough]
        default: simple
      credential_name:
        description:
          - Name of the Secret with the certificate and its key. Istio looks it up in the namespace of the gateway's
            B(pods), not of the Gateway object.
          - With O(tls.certificate), the default is C(name.namespace) of the exposure, so that no other exposure has the
            same one. Without it, this option is required with O(tls.mode=simple), O(tls.mode=mutual) and
            O(tls.mode=optional_mutual).
        type: str
      certificate:
        description:
          - A certificate that cert-manager issues, renews and stores in the Secret O(tls.credential_name).
          - The Certificate object has the same name as its Secret. It is in the namespace of the gateway's pods,
            whatever the namespace of the exposure. The task needs the rights to get, create, patch and delete
            C(certificates.cert-manager.io) in that namespace.
          - Without this option, the exposure's Certificate is deleted. Its Secret stays, see O(state).
        type: dict
        version_added: 0.2.0
        suboptions:
          issuer:
            description:
              - The issuer of the certificate.
              - HTTP-01 challenges need an ingress controller for the solver's Ingress. Istiod is one, for the gateway
                whose label C(istio) has the value of C(meshConfig.ingressSelector) in istiod's values. Role
                P(gatehouse.istio.istio#role) sets it to the first public gateway.
            type: dict
            required: true
            suboptions:
              name:
                description: Name of the issuer.
                type: str
                required: true
              kind:
                description:
                  - V(ClusterIssuer), V(Issuer), or the kind of an issuer of O(tls.certificate.issuer.group).
                  - An V(Issuer) must be in the namespace of the gateway's pods, like the Certificate.
                type: str
                default: ClusterIssuer
              group:
                description: API group of the issuer.
                type: str
                default: cert-manager.io
          dns_names:
            description:
              - Names for which the certificate is valid. They must cover all O(hosts), which are the default.
            type: list
            elements: str
          duration:
            description:
              - Lifetime of the certificate in hours, minutes and seconds, such as V(2160h).
              - Many ACME servers choose the lifetime themselves.
            type: str
          renew_before:
            description:
              - How long before the certificate expires it is renewed, such as V(360h).
              - cert-manager's default is a third of the lifetime.
            type: str
          private_key:
            description: Key of the certificate. What is not set here has cert-manager's default.
            type: dict
            suboptions:
              algorithm:
                description: Algorithm of the key.
                type: str
                choices: [RSA, ECDSA, Ed25519]
              size:
                description: Size of the key in bits.
                type: int
              rotation_policy:
                description: Whether a renewed certificate gets a new key.
                type: str
                choices: [Always, Never]
          usages:
            description:
              - Key usages of the certificate, as cert-manager names them.
              - The default is C(digital signature), C(key encipherment) and C(server auth).
            type: list
            elements: str
          spec:
            description:
              - Further fields of the Certificate's C(spec), as raw cert-manager fields. They are merged last, key by
                key. V(null) removes a field.
            type: dict
      client_ca:
        description:
          - The CA of the clients that O(tls.mode=mutual) and O(tls.mode=optional_mutual) accept.
          - The task creates the Secret C(<credential_name>-cacert) in the namespace of the gateway's pods, with the CA
            in the key C(ca.crt). It needs the rights to get, create, patch and delete C(secrets) in that namespace.
          - O(state=absent) removes it, too. If the run that made it was interrupted, that takes the right to list
            C(secrets) in all namespaces.
          - Without this option, that Secret must exist. C(ca.crt) in a Secret from cert-manager does not replace it,
            because it is the CA of the server's certificate.
        type: dict
        version_added: 0.2.0
        suboptions:
          pem:
            description: One or more CA certificates in PEM format. Other PEM blocks, such as a key, are an error.
            type: str
            required: true
      redirect:
        description:
          - Also listen on O(gateway.http_port), and redirect every request there to HTTPS (301).
          - ACME challenges (HTTP-01) are still answered, unless one of the O(hosts) is a wildcard, which HTTP-01 cannot
            validate. With a wildcard, and ports 80 and 443, the Gateway itself redirects, and so requests for
            everything that attaches to the Gateway are redirected, too. On a Gateway of O(gateway.shared), only the
            exposure's own requests are redirected in either case.
          - The redirect leads to O(gateway.https_port). A wildcard cannot be redirected to port 443 from another port
            than 80.
          - With O(gateway.existing), which must listen on that port, the exposure's own requests are redirected.
        type: bool
        default: false
      min_protocol_version:
        description: Oldest TLS version that the gateway accepts. Istio's default is TLS 1.2.
        type: str
        choices: [TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3]
  export_to:
    description:
      - Namespaces that can see the VirtualService. V(.) is O(namespace), and V(*) is all namespaces, which is Istio's
        default.
      - The namespace of the gateway's pods must be one of them. Otherwise the task fails and changes nothing.
    type: list
    elements: str
    version_added: 0.2.0
  labels:
    description: Labels for all objects of the exposure, in addition to the labels by which the module identifies them.
    type: dict
  annotations:
    description: Annotations for all objects of the exposure.
    type: dict
  adopt:
    description:
      - Take over unmanaged objects that have the names of the exposure's objects. By default, they are an error.
      - Fields that the task names are overwritten, other fields stay. Objects of another exposure, and Gateways for
        O(gateway.shared), are never taken over.
    type: bool
    default: false
  checks:
    description:
      - Levels of the checks that run before the first write. The keys are the codes of the checks, the values V(error),
        V(warning) or V(ignore) (V(false) means V(ignore), too). All codes are described in
        U(https://github.com/gatehouse-istio/gatehouse.istio/blob/main/docs/findings.md).
      - An error stops the task before its first write. A task that would change nothing goes on. By default, only what
        certainly breaks with Istio is an error.
      - What the task's credentials may not read is not checked. The task warns about it.
    type: dict
    version_added: 0.2.0
  wait:
    description:
      - Wait until the certificate of O(tls.certificate) is issued, before the Gateway and the VirtualService are
        changed. Until then, the hosts are served with their old certificate. If the certificate cannot be issued, the
        task fails with the last message of cert-manager's objects.
      - Then wait until the gateway has an address and every host is served, see O(probe). Only after that, objects that
        the exposure no longer needs are removed, such as the Gateway from which it moves away. However, an old Gateway
        with TLS on the same pods and port is removed first, because Istio drops the hosts of the newer Gateway as long
        as both exist.
      - The hosts are probed even if the task changes nothing. In check mode, the task does not wait.
    type: bool
    default: false
    version_added: 0.2.0
  wait_timeout:
    description:
      - Deadline in seconds for all that O(wait=true) waits for. After it the task fails, and reports for each host and
        address what is still missing.
    type: int
    default: 300
    version_added: 0.2.0
  cluster_domain:
    description: DNS domain of the cluster, with which the names of Services are completed.
    type: str
    default: cluster.local
"""
