// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/resource"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/cert-manager/cert-manager/pkg/controller"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmechallenges"
	_ "github.com/cert-manager/cert-manager/pkg/controller/acmeorders"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/acme"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/approver"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/ca"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificaterequests/vault"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/issuing"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/keymanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/readiness"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/requestmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/revisionmanager"
	_ "github.com/cert-manager/cert-manager/pkg/controller/certificates/trigger"
	_ "github.com/cert-manager/cert-manager/pkg/controller/clusterissuers"
	_ "github.com/cert-manager/cert-manager/pkg/controller/issuers"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/acme"
	dnsutil "github.com/cert-manager/cert-manager/pkg/issuer/acme/dns/util"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/ca"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/selfsigned"
	_ "github.com/cert-manager/cert-manager/pkg/issuer/vault"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
	utilfeature "github.com/cert-manager/cert-manager/pkg/util/feature"
)

const workers = 5

// Packages that the above bring along register these.
var unwanted = []string{"certificatesigningrequests-", "gateway-shim", "ingress-shim", "listenerset"}

type controllerOptions struct {
	context          controller.ContextOptions
	features         map[string]bool
	switchedOff      []string
	nameserversOnly  bool
	healthAddress    string
	clusterNamespace string
}

func runController(ctx context.Context, arguments []string) error {
	options, err := parseController(ctx, arguments)
	if err != nil {
		return err
	}
	factory, err := controller.NewContextFactory(ctx, options.context)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for name, construct := range controller.Known() {
		if isUnwanted(name) || slices.Contains(options.switchedOff, "-"+name) {
			continue
		}
		built, err := construct(factory)
		if err != nil {
			return fmt.Errorf("controller %s: %w", name, err)
		}
		group.Go(func() error { return built.Run(workers, ctx) })
	}
	shared, err := factory.Build()
	if err != nil {
		return err
	}
	shared.SharedInformerFactory.Start(ctx.Done())
	shared.KubeSharedInformerFactory.Start(ctx.Done())
	shared.HTTP01ResourceMetadataInformersFactory.Start(ctx.Done())
	if err := serveHealth(ctx, options.healthAddress); err != nil {
		return err
	}
	logf.FromContext(ctx).Info("runs")
	return group.Wait()
}

func isUnwanted(name string) bool {
	return slices.ContainsFunc(unwanted, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// parseController knows the flags of cert-manager's controller that change what it does here, by their own names.
func parseController(ctx context.Context, arguments []string) (*controllerOptions, error) {
	options := &controllerOptions{}
	flags, logging := newFlags("controller")
	addControllerFlags(flags, options)
	if err := parse(ctx, flags, logging, arguments); err != nil {
		return nil, err
	}
	options.context.DNS01CheckAuthoritative = !options.nameserversOnly
	if len(options.context.DNS01Nameservers) == 0 {
		options.context.DNS01Nameservers = dnsutil.RecursiveNameservers
	}
	return options, utilfeature.DefaultMutableFeatureGate.SetFromMap(options.features)
}

func addControllerFlags(flags *pflag.FlagSet, options *controllerOptions) {
	c := &options.context
	flags.StringVar(&c.Kubeconfig, "kubeconfig", "", "")
	flags.StringVar(&c.Namespace, "namespace", "", "")
	flags.StringVar(&c.ClusterResourceNamespace, "cluster-resource-namespace", "kube-system", "")
	flags.Float32Var(&c.KubernetesAPIQPS, "kube-api-qps", 20, "")
	flags.IntVar(&c.KubernetesAPIBurst, "kube-api-burst", 50, "")

	flags.StringVar(&c.HTTP01SolverImage, "acme-http01-solver-image", "acmesolver", "")
	flags.StringSliceVar(&c.HTTP01SolverNameservers, "acme-http01-solver-nameservers", nil, "")
	flags.StringToStringVar(&c.HTTP01SolverExtraLabels, "acme-http01-solver-extra-labels", nil, "")
	c.ACMEHTTP01SolverRunAsNonRoot = true
	c.HTTP01SolverResourceRequestCPU = resource.MustParse("10m")
	c.HTTP01SolverResourceRequestMemory = resource.MustParse("64Mi")
	c.HTTP01SolverResourceLimitsCPU = resource.MustParse("100m")
	c.HTTP01SolverResourceLimitsMemory = resource.MustParse("64Mi")

	flags.StringSliceVar(&c.DNS01Nameservers, "dns01-recursive-nameservers", nil, "")
	flags.BoolVar(&options.nameserversOnly, "dns01-recursive-nameservers-only", false, "")
	flags.DurationVar(&c.DNS01CheckRetryPeriod, "dns01-check-retry-period", 10*time.Second, "")
	flags.IntVar(&c.MaxConcurrentChallenges, "max-concurrent-challenges", 60, "")

	flags.BoolVar(&c.EnableOwnerRef, "enable-certificate-owner-ref", false, "")
	flags.DurationVar(
		&c.CertificateRequestMinimumBackoffDuration, "certificate-request-minimum-backoff-duration", time.Hour, "")
	flags.DurationVar(
		&c.CertificateRequestMaximumBackoffDuration, "certificate-request-maximum-backoff-duration", 32*time.Hour, "")
	c.CopiedAnnotationPrefixes = []string{"*", "-kubectl.kubernetes.io/", "-fluxcd.io/", "-argocd.argoproj.io/"}

	flags.Var(cliflag.NewMapStringBool(&options.features), "feature-gates", "")
	flags.StringSliceVar(&options.switchedOff, "controllers", nil, "")
	flags.StringVar(&options.healthAddress, "internal-healthz-listen-address", "0.0.0.0:9403", "")
}
