// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// What istiod would do: reads scenarios, one JSON line each, and answers each with one line: what istiod's own packages say
// about its objects, and what they make of them for each gateway pod. tests/oracle asks it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/hashicorp/go-multierror"
	"k8s.io/apimachinery/pkg/runtime"

	meshconfig "istio.io/api/mesh/v1alpha1"
	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pilot/pkg/features"
	"istio.io/istio/pilot/test/xds"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"istio.io/istio/pkg/kube"
	"istio.io/istio/pkg/log"
	"istio.io/istio/pkg/test"
)

// domain is what istiod's test server takes for the cluster's.
const domain = "cluster.local"

type scenario struct {
	Objects []json.RawMessage `json:"objects"`
	Mesh    json.RawMessage   `json:"mesh"`   // the mesh config, as far as it differs from Istio's defaults
	Scoped  bool              `json:"scoped"` // PILOT_SCOPE_GATEWAY_TO_NAMESPACE
	// Only what Istio's validation says is wanted.
	OnlyValidate bool `json:"only_validate"`
}

type answer struct {
	Error   string             `json:"error,omitempty"` // the scenario itself is wrong
	Objects []judged           `json:"objects"`         // those of Istio, in their order
	Pods    map[string]*served `json:"pods,omitempty"`  // by namespace/name
}

// judged is what Istio's validation, and so its webhook, says about an object.
type judged struct {
	Kind     string   `json:"kind"`
	Name     string   `json:"name"` // namespace/name
	Errors   []string `json:"errors,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func main() {
	quiet()
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if len(line) == 0 && err != nil {
			return
		}
		if err := output.Encode(answerTo(line)); err != nil {
			os.Exit(1)
		}
	}
}

// quiet keeps istiod's log out of the answers.
func quiet() {
	options := log.DefaultOptions()
	options.OutputPaths = []string{"stderr"}
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.NoneLevel)
	if err := log.Configure(options); err != nil {
		panic(err)
	}
}

func answerTo(line []byte) (result answer) {
	var given scenario
	if err := json.Unmarshal(line, &given); err != nil {
		return answer{Error: err.Error()}
	}
	configs, others, err := parse(given.Objects)
	if err != nil {
		return answer{Error: err.Error()}
	}
	for _, entry := range configs {
		result.Objects = append(result.Objects, judge(entry))
	}
	if given.OnlyValidate {
		return result
	}
	meshConfig, err := meshConfigOf(given.Mesh)
	if err != nil {
		return answer{Error: err.Error()}
	}
	features.ScopeGatewayToNamespace = given.Scoped
	if err := test.Wrap(func(t test.Failer) {
		defer func() {
			if problem := recover(); problem != nil {
				result.Error = fmt.Sprintf("%v\n%s", problem, debug.Stack())
			}
		}()
		server := xds.NewFakeDiscoveryServer(t, xds.FakeOptions{
			Configs: configs, KubernetesObjects: others, MeshConfig: meshConfig,
		})
		result.Pods = describe(server, others)
	}); err != nil {
		result.Error = err.Error()
	}
	return result
}

func meshConfigOf(given json.RawMessage) (*meshconfig.MeshConfig, error) {
	if len(given) == 0 {
		given = json.RawMessage("{}")
	}
	return mesh.ApplyMeshConfigDefaults(string(given))
}

// parse tells Istio's objects, which istiod reads by itself, from those that it takes from Kubernetes.
func parse(objects []json.RawMessage) ([]config.Config, []runtime.Object, error) {
	var configs []config.Config
	var others []runtime.Object
	decoder := kube.IstioCodec.UniversalDeserializer()
	for _, raw := range objects {
		var object crd.IstioKind
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, nil, err
		}
		kind := object.GroupVersionKind()
		schema, isIstio := collections.Pilot.FindByGroupKind(resource.FromKubernetesGVK(&kind))
		if !isIstio || schema.IsBuiltin() {
			other, _, err := decoder.Decode(raw, nil, nil)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", raw, err)
			}
			others = append(others, other)
			continue
		}
		converted, err := crd.ConvertObject(schema, &object, domain)
		if err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", kind.Kind, object.Name, err)
		}
		configs = append(configs, *converted)
	}
	return configs, others, nil
}

func judge(entry config.Config) judged {
	result := judged{Kind: entry.GroupVersionKind.Kind, Name: entry.Namespace + "/" + entry.Name}
	schema, _ := collections.Pilot.FindByGroupVersionKind(entry.GroupVersionKind)
	warnings, err := schema.ValidateConfig(entry)
	result.Warnings, result.Errors = texts(warnings), texts(err)
	return result
}

func texts(err error) []string {
	if err == nil {
		return nil
	}
	several, ok := err.(*multierror.Error)
	if !ok {
		return []string{err.Error()}
	}
	var result []string
	for _, one := range several.Errors {
		result = append(result, one.Error())
	}
	return result
}
