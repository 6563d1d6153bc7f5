package service

import (
	"fmt"
	"net/http"
	"net/http/pprof"

	"github.com/go-json-experiment/json"

	"streamgate/libs/metrics"
)

// operations serves probes and metrics. Liveness depends on the process alone, readiness on start-up and drain alone: a
// database that all replicas share must not take all of them out of service at once.
func (r *Running) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		switch r.state.Load() {
		case ready:
			fmt.Fprintln(w, "ok")
		case starting:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		default:
			http.Error(w, "draining", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.MarshalWrite(w, map[string]string{"service": r.service.Name, "version": r.service.Version}, json.Deterministic(true))
	})
	mux.Handle("GET /metrics", metrics.Handler(r.service.Registry))
	if r.settings.Pprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return mux
}
