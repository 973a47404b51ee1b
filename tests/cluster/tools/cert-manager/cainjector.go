// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/cert-manager/cert-manager/internal/kube"
	certmanager "github.com/cert-manager/cert-manager/pkg/client/clientset/versioned/scheme"
	"github.com/cert-manager/cert-manager/pkg/controller/cainjector"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	"github.com/cert-manager/cert-manager/pkg/util"
)

func runCAInjector(ctx context.Context, arguments []string) error {
	var kubeconfig, healthAddress, namespace string
	flags, logging := newFlags("cainjector")
	flags.StringVar(&kubeconfig, "kubeconfig", "", "")
	flags.StringVar(&namespace, "namespace", "", "")
	flags.StringVar(&healthAddress, "internal-healthz-listen-address", "", "")
	if err := parse(ctx, flags, logging, arguments); err != nil {
		return err
	}
	manager, err := newManager(ctx, kubeconfig, namespace)
	if err != nil {
		return err
	}
	options := cainjector.SetupOptions{
		Namespace:                    namespace,
		EnableCertificatesDataSource: true,
		EnabledReconcilersFor: map[string]bool{
			cainjector.MutatingWebhookConfigurationName:   true,
			cainjector.ValidatingWebhookConfigurationName: true,
			cainjector.APIServiceName:                     true,
			cainjector.CustomResourceDefinitionName:       true,
		},
	}
	if err := cainjector.RegisterAllInjectors(ctx, manager, options); err != nil {
		return err
	}
	if err := serveHealth(ctx, healthAddress); err != nil {
		return err
	}
	return manager.Start(ctx)
}

func newManager(ctx context.Context, kubeconfig, namespace string) (ctrl.Manager, error) {
	ctrl.SetLogger(logf.FromContext(ctx))
	kinds := runtime.NewScheme()
	adders := []func(*runtime.Scheme) error{
		scheme.AddToScheme, certmanager.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
	}
	for _, add := range adders {
		if err := add(kinds); err != nil {
			return nil, err
		}
	}
	config, err := kube.BuildClientConfig("", kubeconfig)
	if err != nil {
		return nil, err
	}
	var namespaces map[string]cache.Config
	if namespace != "" {
		namespaces = map[string]cache.Config{namespace: {}}
	}
	// The user agent also names the field manager, without which it cannot apply anything.
	return ctrl.NewManager(util.RestConfigWithUserAgent(config, "cainjector"), ctrl.Options{
		Scheme:  kinds,
		Cache:   cache.Options{ReaderFailOnMissingInformer: true, DefaultNamespaces: namespaces},
		Client:  client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}},
		Metrics: server.Options{BindAddress: "0"},
	})
}
