// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// cert-manager's programs in one. cert-manager has their code in modules of their own that nobody else can require, but
// all that they put together is in its main module. What a test cluster has no use for is left out: leader election,
// metrics, the shims for Ingress and the Gateway API, CertificateSigningRequests, Venafi.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
	logsapi "k8s.io/component-base/logs/api/v1"

	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

var programs = map[string]func(ctx context.Context, arguments []string) error{
	"controller": runController,
	"webhook":    runWebhook,
	"cainjector": runCAInjector,
	"acmesolver": runACMESolver,
}

func main() {
	logf.InitLogs()
	defer logf.FlushLogs()
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "Say which program to run: controller, webhook, cainjector or acmesolver.")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx = logf.NewContext(ctx, logf.Log, os.Args[1])
	if err := programs[os.Args[1]](ctx, os.Args[2:]); err != nil {
		logf.FromContext(ctx).Error(err, "ends")
		os.Exit(1)
	}
}

// parse takes in the flags that we have, names those that we do not have, and sets up the log.
func parse(ctx context.Context, flags *pflag.FlagSet, logging *logsapi.LoggingConfiguration, arguments []string) error {
	var known []string
	for _, argument := range arguments {
		name, _, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if flags.Lookup(name) == nil {
			logf.FromContext(ctx).Info("ignored: this build has no such flag", "argument", argument)
			continue
		}
		known = append(known, argument)
	}
	if err := flags.Parse(known); err != nil {
		return err
	}
	return logf.ValidateAndApply(logging)
}

// newFlags makes a set of flags with those of the log.
func newFlags(name string) (*pflag.FlagSet, *logsapi.LoggingConfiguration) {
	logging := logsapi.NewLoggingConfiguration()
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	logf.AddFlags(logging, flags)
	return flags, logging
}

// serveHealth answers 200 for as long as the program runs. Without an address, nobody asks.
func serveHealth(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	go func() {
		answer := http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) { fmt.Fprintln(response, "ok") })
		logf.FromContext(ctx).Error(http.Serve(listener, answer), "health is not served any more")
	}()
	return nil
}
