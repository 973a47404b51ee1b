// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/cert-manager/cert-manager/pkg/issuer/acme/http/solver"
	logf "github.com/cert-manager/cert-manager/pkg/logs"
)

// runACMESolver answers one HTTP-01 challenge, and "/healthz".
func runACMESolver(ctx context.Context, arguments []string) error {
	challenge := &solver.HTTP01Solver{}
	flags, logging := newFlags("acmesolver")
	flags.IntVar(&challenge.ListenPort, "listen-port", 8089, "")
	flags.StringVar(&challenge.Domain, "domain", "", "")
	flags.StringVar(&challenge.Token, "token", "", "")
	flags.StringVar(&challenge.Key, "key", "", "")
	if err := parse(ctx, flags, logging, arguments); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- challenge.Listen(logf.FromContext(ctx)) }()
	select {
	case err := <-ended:
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	case <-ctx.Done():
		return nil
	}
}
