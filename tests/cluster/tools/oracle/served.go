// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"encoding/json"
	"slices"

	cluster "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpoint "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listener "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	route "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tcp "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	tls "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"istio.io/istio/pilot/pkg/model"
	istiocore "istio.io/istio/pilot/pkg/networking/core"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/wellknown"
)

// served is what istiod sends to the Envoy of one gateway pod.
type served struct {
	Listeners []listening              `json:"listeners"`
	Routes    map[string][]virtualHost `json:"routes"`   // by the name that filter chains give
	Clusters  map[string]int           `json:"clusters"` // endpoints that may be tried; -1: found by DNS or passed on
}

type listening struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Port    uint32   `json:"port"`
	Chains  []*chain `json:"chains"`
	Problem string   `json:"problem,omitempty"` // why Envoy refuses it, as far as its API's own rules tell
}

// chain is a filter chain: what it takes, and what becomes of it.
type chain struct {
	Names      []string        `json:"names,omitempty"`  // SNI; none: all
	Match      json.RawMessage `json:"match"`            // all that it asks of a connection
	IsTLS      bool            `json:"is_tls,omitempty"` // it takes TLS connections only
	EndsTLS    bool            `json:"ends_tls,omitempty"`
	Secrets    []string        `json:"secrets,omitempty"`     // of its certificates
	AsksClient bool            `json:"asks_client,omitempty"` // for its certificate
	ClientCA   string          `json:"client_ca,omitempty"`
	Routes     string          `json:"routes,omitempty"`   // HTTP
	Clusters   []string        `json:"clusters,omitempty"` // TCP
}

type virtualHost struct {
	Name       string     `json:"name"`
	Domains    []string   `json:"domains"`
	RequireTLS bool       `json:"require_tls,omitempty"`
	Routes     []anyRoute `json:"routes"`
}

type anyRoute struct {
	Name           string          `json:"name"`
	VirtualService string          `json:"virtual_service,omitempty"` // as istiod's metadata names it
	Match          json.RawMessage `json:"match"`
	Clusters       []string        `json:"clusters,omitempty"`
	Mirrors        []string        `json:"mirrors,omitempty"`
	Redirect       json.RawMessage `json:"redirect,omitempty"`
	Status         uint32          `json:"status,omitempty"` // of a direct response
}

func describe(server *xds.FakeDiscoveryServer, objects []runtime.Object) map[string]*served {
	result := map[string]*served{}
	for _, object := range objects {
		pod, ok := object.(*corev1.Pod)
		if !ok || !isGateway(pod) {
			continue
		}
		proxy := server.SetupProxy(&model.Proxy{
			Type:            model.Router,
			ID:              pod.Name + "." + pod.Namespace,
			ConfigNamespace: pod.Namespace,
			Labels:          pod.Labels,
			IPAddresses:     []string{pod.Status.PodIP},
			Metadata: &model.NodeMetadata{
				ClusterID: "Kubernetes", Namespace: pod.Namespace, Labels: pod.Labels, IstioVersion: "1.31.0",
			},
		})
		result[pod.Namespace+"/"+pod.Name] = describePod(server, proxy)
	}
	return result
}

// isGateway tells a gateway's pod from an application's with a sidecar.
func isGateway(pod *corev1.Pod) bool {
	for _, container := range pod.Spec.Containers {
		if container.Name == "istio-proxy" {
			return slices.Contains(container.Args, "router")
		}
	}
	return false
}

func describePod(server *xds.FakeDiscoveryServer, proxy *model.Proxy) *served {
	result := &served{Routes: map[string][]virtualHost{}, Clusters: map[string]int{}}
	listeners := server.Listeners(proxy)
	for _, entry := range listeners {
		result.Listeners = append(result.Listeners, listeningOf(entry))
	}
	resources, _ := server.ConfigGen.BuildHTTPRoutes(
		proxy, &model.PushRequest{Push: server.PushContext()}, istiocore.ExtractRoutesFromListeners(listeners),
	)
	for _, entry := range resources {
		configuration := &route.RouteConfiguration{}
		must(entry.Resource.UnmarshalTo(configuration))
		result.Routes[configuration.Name] = virtualHosts(configuration)
	}
	for _, entry := range server.Clusters(proxy) {
		switch entry.GetType() {
		case cluster.Cluster_EDS:
			result.Clusters[entry.Name] = 0
		case cluster.Cluster_STATIC:
			result.Clusters[entry.Name] = endpoints(entry.LoadAssignment)
		default:
			result.Clusters[entry.Name] = -1
		}
	}
	for _, entry := range server.Endpoints(proxy) {
		if entry != nil { // istiod knows none
			result.Clusters[entry.ClusterName] = endpoints(entry)
		}
	}
	return result
}

func endpoints(assignment *endpoint.ClusterLoadAssignment) int {
	count := 0
	for _, locality := range assignment.GetEndpoints() {
		for _, entry := range locality.LbEndpoints {
			if entry.HealthStatus != core.HealthStatus_UNHEALTHY {
				count++
			}
		}
	}
	return count
}

func listeningOf(entry *listener.Listener) listening {
	address := entry.GetAddress().GetSocketAddress()
	result := listening{Name: entry.Name, Address: address.GetAddress(), Port: address.GetPortValue()}
	if err := entry.ValidateAll(); err != nil {
		result.Problem = err.Error()
	}
	for _, filterChain := range entry.FilterChains {
		result.Chains = append(result.Chains, chainOf(filterChain))
	}
	if entry.DefaultFilterChain != nil {
		result.Chains = append(result.Chains, chainOf(entry.DefaultFilterChain))
	}
	return result
}

func chainOf(entry *listener.FilterChain) *chain {
	match := entry.GetFilterChainMatch()
	result := &chain{
		Names: match.GetServerNames(),
		Match: text(match),
		IsTLS: match.GetTransportProtocol() == "tls" || len(match.GetServerNames()) > 0,
	}
	if settings := entry.GetTransportSocket().GetTypedConfig(); settings != nil {
		context := &tls.DownstreamTlsContext{}
		if settings.MessageIs(context) {
			must(settings.UnmarshalTo(context))
			result.EndsTLS, result.IsTLS = true, true
			result.AsksClient = context.GetRequireClientCertificate().GetValue()
			common := context.GetCommonTlsContext()
			for _, secret := range common.GetTlsCertificateSdsSecretConfigs() {
				result.Secrets = append(result.Secrets, secret.Name)
			}
			result.ClientCA = common.GetCombinedValidationContext().GetValidationContextSdsSecretConfig().GetName()
		}
	}
	for _, filter := range entry.Filters {
		switch filter.Name {
		case wellknown.HTTPConnectionManager:
			manager := &hcm.HttpConnectionManager{}
			must(filter.GetTypedConfig().UnmarshalTo(manager))
			result.Routes = manager.GetRds().GetRouteConfigName()
		case wellknown.TCPProxy:
			proxy := &tcp.TcpProxy{}
			must(filter.GetTypedConfig().UnmarshalTo(proxy))
			if name := proxy.GetCluster(); name != "" {
				result.Clusters = append(result.Clusters, name)
			}
			for _, weighted := range proxy.GetWeightedClusters().GetClusters() {
				result.Clusters = append(result.Clusters, weighted.Name)
			}
		}
	}
	return result
}

func virtualHosts(configuration *route.RouteConfiguration) []virtualHost {
	var result []virtualHost
	for _, entry := range configuration.VirtualHosts {
		host := virtualHost{
			Name:       entry.Name,
			Domains:    entry.Domains,
			RequireTLS: entry.RequireTls != route.VirtualHost_NONE,
			Routes:     []anyRoute{},
		}
		for _, one := range entry.Routes {
			host.Routes = append(host.Routes, routeOf(one))
		}
		result = append(result, host)
	}
	return result
}

func routeOf(entry *route.Route) anyRoute {
	result := anyRoute{
		Name:           entry.Name,
		VirtualService: entry.GetMetadata().GetFilterMetadata()["istio"].GetFields()["config"].GetStringValue(),
		Match:          text(entry.Match),
		Status:         entry.GetDirectResponse().GetStatus(),
	}
	if entry.GetRedirect() != nil {
		result.Redirect = text(entry.GetRedirect())
	}
	if name := entry.GetRoute().GetCluster(); name != "" {
		result.Clusters = append(result.Clusters, name)
	}
	for _, weighted := range entry.GetRoute().GetWeightedClusters().GetClusters() {
		result.Clusters = append(result.Clusters, weighted.Name)
	}
	for _, mirror := range entry.GetRoute().GetRequestMirrorPolicies() {
		result.Mirrors = append(result.Mirrors, mirror.Cluster)
	}
	return result
}

func text(message proto.Message) json.RawMessage {
	written, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	must(err)
	return written
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
