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
      - Name of the exposure. Its VirtualService and, unless O(gateway.name) says otherwise, its Gateway are called so.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the exposure and of its VirtualService. It must exist.
    type: str
    required: true
  state:
    description:
      - With V(present), the objects of the exposure are as the options say. What a task no longer names is removed from
        the cluster, and fields that other tools have set stay.
      - With V(absent), every object of the exposure is removed, and nothing else. The Secret in which cert-manager has
        put a certificate is cert-manager's, which leaves it. So the certificate is there at once if the exposure
        comes back.
    type: str
    choices: [present, absent]
    default: present
  hosts:
    description:
      - Host names at which the service is reached, such as V(shop.example.com) or V(*.example.com).
      - A wildcard takes a whole domain from every other exposure behind the same gateway; where you can, name hosts
        one by one.
      - Required with O(state=present).
    type: list
    elements: str
  protocol:
    description:
      - What is spoken at the hosts. V(http) includes HTTP/2, gRPC and WebSocket.
      - With V(tcp), V(mongo) and V(redis) the gateway hands on connections. Without O(tls) every connection to
        O(gateway.tcp_port) is the exposure's, whatever the host. With O(tls) they arrive at O(gateway.https_port), and
        clients that send a host's name as SNI share that port with other exposures.
      - V(mongo) and V(redis) are V(tcp), too, except that istiod may add a filter of Envoy that knows the protocol
        (C(PILOT_ENABLE_MONGO_FILTER), C(PILOT_ENABLE_REDIS_FILTER)), where there is no O(tls).
    type: str
    choices: [http, tcp, mongo, redis]
    default: http
    version_added: 0.2.0
  service:
    description:
      - The Kubernetes Service that gets all requests, as C(name) in O(namespace), as C(name.namespace), or with its
        full name.
      - For more than one destination, or different ones by path, use O(routes) instead.
    type: str
  port:
    description:
      - The Service's port number. It can be left out if the Service has only one.
    type: int
  gateway:
    description:
      - The ingress gateway through which the hosts are reached.
      - Give O(gateway.selector) for a Gateway object of the exposure's own, with O(gateway.shared) for one that many
        exposures share, or O(gateway.existing) to attach to one that exists.
      - When this option changes, the exposure moves. The VirtualService is bound to both Gateways, the new one gets the
        hosts, and then the exposure leaves the old one, with O(wait=true) only when the new one serves the hosts.
      - In a move between Gateways of the same pods, Envoy answers requests for hosts with TLS with 404 for some tenths
        of a second, when it goes over from one to the other. The hosts of other exposures are always served.
      - Required with O(state=present).
    type: dict
    suboptions:
      selector:
        description:
          - Labels of the ingress gateway's pods. Role P(gatehouse.istio.istio#role) returns them for the gateways
            that it installs.
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
        description: Port of the gateway's Service for HTTPS and TLS.
        type: int
        default: 443
      tcp_port:
        description:
          - Port of the gateway's Service for connections with O(protocol=tcp), O(protocol=mongo) and O(protocol=redis)
            without O(tls), where it is required.
          - No other exposure behind the same gateway can use it.
        type: int
        version_added: 0.2.0
      server_spec:
        description:
          - Further fields of the Gateway's server that serves the hosts, in Istio's own words, merged last and key by
            key, such as C(tls) with C(cipherSuites). V(null) takes a field out.
        type: dict
        version_added: 0.2.0
      pods_namespace:
        description:
          - Namespace of the ingress gateway's pods, where Istio looks up certificates and clients' CAs. Only needed
            with O(tls.certificate), O(tls.mode=mutual) and O(tls.mode=optional_mutual).
          - Found by O(gateway.selector) if left out, which takes the right to list pods in all namespaces.
        type: str
        version_added: 0.2.0
      existing:
        description:
          - A Gateway object to attach to, as C(name) in O(namespace) or as C(namespace/name). It is never changed.
        type: str
      shared:
        description:
          - A Gateway object that exposures share, as C(name) in O(namespace) or as C(namespace/name). The first one
            creates it, each adds and removes its own hosts, and with the last one it goes. Any number of tasks may do
            so at once, also from different machines.
          - Give all exposures on it the same O(gateway.selector). Hosts with the same port and the same O(tls) are in
            one server. So browsers that reuse an HTTP/2 connection for another host of the certificate find it there,
            which with a Gateway for each host is answered with 404.
          - What an exposure adds is kept in an annotation of the Gateway. Kubernetes allows 256 KiB for all of
            them, enough for about 700 exposures with one host each, or for 500 with ten hosts each. O(labels) and
            O(annotations) are not put on it.
          - Takes the place of O(gateway.name) and O(gateway.namespace).
        type: str
        version_added: 0.2.0
  tls:
    description:
      - How the hosts are served. Without it they are served over plain HTTP.
      - With O(gateway.existing), only O(tls.mode) and O(tls.redirect) may be given, as the Gateway's owner decides the
        rest.
    type: dict
    suboptions:
      mode:
        description:
          - V(simple) ends TLS at the gateway with the certificate of O(tls.credential_name).
          - V(mutual) does so, too, and accepts only clients that have a certificate of the CA in O(tls.client_ca).
          - V(optional_mutual) verifies the certificates of clients that have one, and accepts others, too.
          - V(passthrough) hands the encrypted connection to the service, chosen by the TLS client's server name (SNI).
          - V(none) serves plain HTTP.
          - V(mutual) and V(optional_mutual) were added in gatehouse.istio 0.2.0.
        type: str
        choices: [none, simple, mutual, optional_mutual, passthrough]
        default: simple
      credential_name:
        description:
          - Name of the Secret with certificate and key. Istio looks it up in the namespace of the gateway's B(pods),
            not of the Gateway object.
          - With O(tls.certificate) it defaults to C(name.namespace) of the exposure, which no other exposure has.
            Otherwise it is required with O(tls.mode=simple), O(tls.mode=mutual) and O(tls.mode=optional_mutual).
        type: str
      certificate:
        description:
          - A certificate that cert-manager issues, renews and puts into the Secret O(tls.credential_name).
          - The Certificate object has the name of its Secret and is in the namespace of the gateway's pods, whatever
            the namespace of the exposure. So that is where the task needs the rights to get, create, patch and delete
            C(certificates.cert-manager.io).
          - Without this option, the exposure's Certificate is removed. Its Secret stays, see O(state).
        type: dict
        version_added: 0.2.0
        suboptions:
          issuer:
            description:
              - Who issues the certificate.
              - Challenges by HTTP-01 need an ingress controller for the solver's Ingress. Istiod is one, for the
                gateway whose label C(istio) is C(meshConfig.ingressSelector) in its values.
            type: dict
            required: true
            suboptions:
              name:
                description: The issuer's name.
                type: str
                required: true
              kind:
                description:
                  - V(ClusterIssuer), V(Issuer), or the kind of an issuer of O(tls.certificate.issuer.group).
                  - An V(Issuer) must be in the namespace of the gateway's pods, as the Certificate is.
                type: str
                default: ClusterIssuer
              group:
                description: API group of the issuer.
                type: str
                default: cert-manager.io
          dns_names:
            description:
              - The names for which the certificate is valid. They must cover all O(hosts), which are the default.
            type: list
            elements: str
          duration:
            description:
              - How long the certificate is to be valid, in hours, minutes and seconds, such as V(2160h).
              - Many ACME servers decide that themselves.
            type: str
          renew_before:
            description:
              - How long before its end the certificate is renewed, such as V(360h).
              - cert-manager's default is a third of its life.
            type: str
          private_key:
            description: The certificate's key. cert-manager's defaults apply to what is left out.
            type: dict
            suboptions:
              algorithm:
                description: What kind of key it is.
                type: str
                choices: [RSA, ECDSA, Ed25519]
              size:
                description: The key's size in bits.
                type: int
              rotation_policy:
                description: Whether a renewed certificate gets a new key.
                type: str
                choices: [Always, Never]
          usages:
            description:
              - What the certificate may be used for, in cert-manager's words.
              - The default is C(digital signature), C(key encipherment) and C(server auth).
            type: list
            elements: str
          spec:
            description:
              - Further fields of the Certificate's C(spec), merged last and key by key. V(null) takes a field out.
            type: dict
      client_ca:
        description:
          - The CA whose clients are accepted with O(tls.mode=mutual) and O(tls.mode=optional_mutual).
          - The task makes the Secret C(<credential_name>-cacert) with the key C(ca.crt) of it, beside the gateway's
            pods. It needs the rights to get, create, patch and delete C(secrets) there.
          - Without this option that Secret must exist already. C(ca.crt) in the Secrets that cert-manager makes is no
            replacement, as it is the CA of the server's certificate.
        type: dict
        version_added: 0.2.0
        suboptions:
          pem:
            description: One or more CA certificates as PEM text, and nothing else.
            type: str
            required: true
      redirect:
        description:
          - Also listen on O(gateway.http_port) and redirect every request there to HTTPS (301).
          - Challenges of ACME (HTTP-01) get through, unless one of the O(hosts) is a wildcard, which cannot be proved
            by them. With a wildcard the Gateway itself redirects, and so whatever attaches to it is redirected, too.
            On a Gateway of O(gateway.shared) only the exposure's own requests are redirected, in either case.
          - With O(gateway.existing), which must listen on that port, the exposure's own requests are redirected.
        type: bool
        default: false
      min_protocol_version:
        description: The oldest TLS version that is accepted. Istio's own default is TLS 1.2.
        type: str
        choices: [TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3]
  export_to:
    description:
      - The namespaces that see the VirtualService, V(.) for O(namespace) and V(*) for all, which is Istio's default.
      - The namespace of the gateway's pods must be one of them. If it is not, the task says so and changes nothing.
    type: list
    elements: str
    version_added: 0.2.0
  labels:
    description: Labels for all objects of the exposure, besides the ones by which the module knows them.
    type: dict
  annotations:
    description: Annotations for all objects of the exposure.
    type: dict
  adopt:
    description:
      - Take over objects of the wanted names that were not made by this module. Without it they are an error.
      - The fields that the task names are overwritten, others stay. Objects of another exposure, and Gateways for
        O(gateway.shared), are never taken.
    type: bool
    default: false
  checks:
    description:
      - What the checks before the first write make of what they find. The keys are the checks' codes, the values
        V(error), V(warning) or V(ignore) (V(false) means the same). See C(docs/findings.md) for all codes.
      - An error stops a task that would write, before it has written anything. By default, errors are only what breaks
        with Istio for certain.
      - What these credentials may not read is not checked, and the task warns about it.
    type: dict
    version_added: 0.2.0
  wait:
    description:
      - Wait until the certificate of O(tls.certificate) is issued, before the Gateway and the VirtualService are
        changed. So hosts stay served by their old certificate until the new one is there. If it cannot be issued, the
        task fails with the last message of cert-manager's objects.
      - Then wait until the gateway has an address and every host is served, see O(probe). Only then what the exposure
        leaves behind is removed, such as the Gateway from which it moves away. But if that has TLS on the same pods and
        port, it goes first, as Istio drops the hosts of the newer one as long as both are there.
      - The hosts are asked even if the task changes nothing. In check mode nothing waits.
    type: bool
    default: false
    version_added: 0.2.0
  wait_timeout:
    description:
      - How many seconds to wait in all with O(wait=true). Then the task fails, and says of each host and address
        what is still missing.
    type: int
    default: 300
    version_added: 0.2.0
  cluster_domain:
    description: The cluster's DNS domain, with which names of Services are completed.
    type: str
    default: cluster.local
"""
