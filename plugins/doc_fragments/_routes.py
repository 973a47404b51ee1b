# Copyright: (c) 2026, gatehouse.istio contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Private to the collection: it may change or go without notice. Do not use it from elsewhere.

from __future__ import annotations


class ModuleDocFragment:
    # The options of an exposure's routes (argument spec: module_utils/_options/route_spec.py)
    DOCUMENTATION = r"""
options:
  routes:
    description:
      - Where requests go. The first route that matches a request gets it.
      - A route without O(routes[].match) matches every request, and must be the last one.
      - Every route has exactly one of O(routes[].destinations), O(routes[].redirect), O(routes[].direct_response) and
        O(routes[].delegate).
      - The options are Istio's fields in snake_case, so
        U(https://istio.io/latest/docs/reference/config/networking/virtual-service/) describes them, too. Durations are
        numbers with units, such as V(1m30s) or V(500ms).
      - gRPC and WebSocket need no option of their own, only a Service whose port declares the protocol (by
        C(appProtocol) or the port's name).
      - If the gateway forwards connections and does not see requests (O(tls.mode=passthrough), O(protocol=tcp),
        O(protocol=mongo), O(protocol=redis)), there can be only one route, with O(routes[].destinations) alone.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the route, as shown in Envoy's access log.
        type: str
      match:
        description:
          - The route matches a request that meets all conditions of at least one entry. Without entries it matches
            every request.
        type: list
        elements: dict
        suboptions:
          uri:
            description:
              - Condition on the path as clients send it, percent-encoded, such as C(/caf%C3%A9), and without
                its query, for which there is O(routes[].match[].query_params). Set exactly one of the three.
            type: dict
            suboptions:
              prefix:
                description: The path begins with this text. Note that V(/api) also matches C(/apiary).
                type: str
              exact:
                description: The path is this text.
                type: str
              regex:
                description: The whole path matches this regular expression (RE2).
                type: str
          ignore_uri_case:
            description: Whether V(exact) and V(prefix) of O(routes[].match[].uri) ignore the case of letters.
            type: bool
            version_added: 0.2.0
          method:
            description: Condition on the method, such as V(GET). Set exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: &text
              prefix:
                description: The value begins with this text.
                type: str
              exact:
                description: The value is this text.
                type: str
              regex:
                description: The whole value matches this regular expression (RE2).
                type: str
          headers:
            description:
              - Conditions on headers, by the header's name. Each condition is a dictionary with exactly one of
                C(exact), C(prefix), C(regex) and C(present).
              - C(present) can only be C(true), and matches any value.
            type: dict
            version_added: 0.2.0
          without_headers:
            description: Conditions on headers that must not be met, in the format of O(routes[].match[].headers).
            type: dict
            version_added: 0.2.0
          query_params:
            description: Conditions on query parameters, by name, in the format of O(routes[].match[].headers).
            type: dict
            version_added: 0.2.0
          scheme:
            description: Condition on the scheme, V(http) or V(https). Set exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: *text
          authority:
            description: Condition on the host that the client requests, with its port. Set exactly one of the three.
            type: dict
            version_added: 0.2.0
            suboptions: *text
          port:
            description: Port of the gateway's Service at which the request arrives.
            type: int
            version_added: 0.2.0
          source_namespace:
            description:
              - Namespace of the gateway's pods. It distinguishes several gateways that have the same Gateway object.
            type: str
            version_added: 0.2.0
          source_labels:
            description:
              - Labels of the gateway's pods. They distinguish several gateways that have the same Gateway object.
            type: dict
            version_added: 0.2.0
      destinations:
        description:
          - Destinations of the route's requests. If there are several, each one needs
            O(routes[].destinations[].weight).
        type: list
        elements: dict
        suboptions:
          service: &service
            description: A Kubernetes Service, in the format of O(service).
            type: str
          host: &host
            description:
              - A host in Istio's registry that is not a Kubernetes Service (from a ServiceEntry). It is used unchanged.
            type: str
          port: &port
            description: Port number. Optional if the destination has only one port.
            type: int
          subset: &subset
            description: A subset of the destination, from a DestinationRule. O(subsets) can create it.
            type: str
            version_added: 0.2.0
          weight:
            description: Share of the requests, in proportion to the sum of all weights of the route.
            type: int
          headers:
            description: Changes to headers for this destination.
            type: dict
            version_added: 0.2.0
            suboptions: &headers
              request:
                description: Changes to the request's headers.
                type: dict
                suboptions: &changes
                  set:
                    description: Values by header name. They replace existing values.
                    type: dict
                  add:
                    description: Values by header name. They are added to existing values.
                    type: dict
                  remove:
                    description: Names of headers to remove.
                    type: list
                    elements: str
              response:
                description: Changes to the response's headers.
                type: dict
                suboptions: *changes
      redirect:
        description: Redirects the client to another URL.
        type: dict
        version_added: 0.2.0
        suboptions:
          uri:
            description: New path, with its query.
            type: str
          prefix_rewrite:
            description: Replacement for the prefix that O(routes[].match[].uri) has matched.
            type: str
          authority:
            description: New host, with its port if necessary.
            type: str
          scheme:
            description: New scheme.
            type: str
            choices: [http, https]
          port:
            description: New port.
            type: int
          derive_port:
            description: How to derive the new port, instead of O(routes[].redirect.port).
            type: str
            choices: [FROM_PROTOCOL_DEFAULT, FROM_REQUEST_PORT]
          redirect_code:
            description: Status. Istio's default is V(301).
            type: int
            choices: [301, 302, 303, 307, 308]
      direct_response:
        description: The gateway itself responds.
        type: dict
        version_added: 0.2.0
        suboptions:
          status:
            description: Status of the response.
            type: int
            required: true
          body:
            description:
              - Body of the response as text. Its type is C(text/plain), unless O(routes[].headers) sets
                C(content-type).
            type: str
      delegate:
        description:
          - Another VirtualService, without hosts and gateways, that routes the requests. Its matches must be within
            those of this route.
          - The other settings of this route apply where the other VirtualService does not set them.
        type: dict
        version_added: 0.2.0
        suboptions:
          name:
            description: Name of that VirtualService.
            type: str
            required: true
          namespace:
            description: Namespace of that VirtualService. Defaults to O(namespace).
            type: str
      rewrite:
        description: Changes to the path and host of the request before it is sent to the destination.
        type: dict
        version_added: 0.2.0
        suboptions:
          uri:
            description: Replacement for the path, or with O(routes[].match[].uri.prefix) for that prefix.
            type: str
          uri_regex_rewrite:
            description: Replacement for a part of the path.
            type: dict
            suboptions:
              match:
                description: Regular expression (RE2) of the part to replace.
                type: str
                required: true
              rewrite:
                description: Replacement for that part; V(\\1) is its first group.
                type: str
                required: true
          authority:
            description: New host.
            type: str
      headers:
        description:
          - Changes to headers, for all destinations of the route.
          - If the gateway itself responds, only O(routes[].headers.response) is allowed.
        type: dict
        version_added: 0.2.0
        suboptions: *headers
      timeout:
        description: How long a request may take before the gateway responds with 504. Without it, there is no limit.
        type: str
        version_added: 0.2.0
      retries:
        description: Retries of requests that failed. Without it, Istio retries some failures twice.
        type: dict
        version_added: 0.2.0
        suboptions:
          attempts:
            description: Number of retries. V(0) turns retries off.
            type: int
            required: true
          per_try_timeout:
            description: Timeout of each attempt.
            type: str
          retry_on:
            description:
              - Failures to retry after, as Envoy's names or as statuses, separated by commas, such as
                V(connect-failure,503).
            type: str
          retry_remote_localities:
            description: Whether retries may go to other localities.
            type: bool
          retry_ignore_previous_hosts:
            description: Whether a retry avoids the endpoints that have failed.
            type: bool
          backoff:
            description: Minimum time between attempts.
            type: str
      cors_policy:
        description: Which web pages of other origins may use the responses of the route (CORS).
        type: dict
        version_added: 0.2.0
        suboptions:
          allow_origins:
            description: Allowed origins. Set exactly one of the three for each.
            type: list
            elements: dict
            required: true
            suboptions: *text
          allow_methods:
            description: Methods that the pages may use.
            type: list
            elements: str
          allow_headers:
            description: Headers that the pages may send.
            type: list
            elements: str
          expose_headers:
            description: Headers that the pages may read.
            type: list
            elements: str
          max_age:
            description:
              - How long browsers may cache the answer to a preflight request, in whole seconds, such as V(24h).
            type: str
          allow_credentials:
            description: Whether pages may send credentials, such as cookies.
            type: bool
          unmatched_preflights:
            description: What happens to preflight requests from other origins.
            type: str
            choices: [FORWARD, IGNORE]
      fault:
        description: Faults to inject, for tests.
        type: dict
        version_added: 0.2.0
        suboptions:
          delay:
            description: Delays requests.
            type: dict
            suboptions:
              fixed_delay:
                description: Duration of the delay.
                type: str
                required: true
              percentage: &percentage
                description: Percentage of requests, from 0 to 100, such as V(0.5).
                type: float
                required: true
          abort:
            description: Aborts requests.
            type: dict
            suboptions:
              http_status:
                description: HTTP status of the response.
                type: int
              grpc_status:
                description: gRPC status of the response, such as V(UNAVAILABLE).
                type: str
              percentage: *percentage
      mirrors:
        description: Destinations that get a copy of the requests. Their responses are dropped.
        type: list
        version_added: 0.2.0
        elements: dict
        suboptions:
          service: *service
          host: *host
          port: *port
          subset: *subset
          percentage:
            description: Percentage of requests to copy, from 0 to 100, such as V(0.5). The default is all.
            type: float
      spec:
        description:
          - Further fields of the route in the VirtualService, as raw Istio fields. They are merged last, key by key.
            V(null) removes a field.
        type: dict
        version_added: 0.2.0
  subsets:
    description:
      - Subsets of Services, to which O(routes[].destinations[].subset) and O(routes[].mirrors[].subset) can send
        requests.
      - For each Service, the module creates one DestinationRule with the name C(<name>-<service>). The task needs the
        rights to get, list, create, patch and delete C(destinationrules) in O(namespace).
    type: list
    elements: dict
    version_added: 0.2.0
    suboptions:
      service:
        description: Name of the Service in O(namespace).
        type: str
        required: true
      name:
        description: Name of the subset.
        type: str
        required: true
      labels:
        description: Labels of the pods that belong to the subset.
        type: dict
        required: true
"""
