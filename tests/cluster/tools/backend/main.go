// Copyright: (c) 2026, gatehouse.istio contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// A back end of the Molecule scenarios where applications are pods: it answers every request with 200 and says who it is
// (BACKEND of its environment) in the header X-Backend. What it must do is in molecule/README.md.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

const (
	certificate = "/certificate/tls.crt"
	key         = "/certificate/tls.key"
)

func main() {
	name := os.Getenv("BACKEND")
	answer := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("X-Backend", name)
		fmt.Fprintf(response, "%s answers %s %s\n", name, request.Method, request.URL)
	})
	if _, err := os.Stat(certificate); err == nil {
		go func() { log.Fatal(http.ListenAndServeTLS(":8443", certificate, key, answer)) }()
	}
	log.Fatal(http.ListenAndServe(":8080", answer))
}
