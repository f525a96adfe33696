// Package control lets another process change the faults of a lab service
// while it runs, over HTTP on a loopback address of its own, apart from the
// traffic that is measured.
//
//	GET    /-/faults          the faults in force and how often each has struck (JSON)
//	POST   /-/faults          add faults, one a line of the body
//	DELETE /-/faults          heal
//	POST   /-/freeze?for=1s   stop the service for that long
//	GET    /-/stats           the service's own counts (JSON)
//
// It has no authentication, which is why it refuses to listen anywhere else.
package control

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"loadline/infra/lab/fault"
)

// maxFreeze bounds a freeze, so that a slip of the pen ends by itself.
const maxFreeze = time.Hour

// Server is the control endpoint of one service.
type Server struct {
	srv *http.Server
	url string
}

// Listen serves the control endpoint of set on addr, which must be a loopback
// address (port 0: any free one). stats is what GET /-/stats shows.
func Listen(addr string, set *fault.Set, stats func() any) (*Server, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("lab control: listen on %q: %w", addr, err)
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("lab control: %q is not a loopback address, and the endpoint has no authentication (use 127.0.0.1:0)", addr)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("lab control: %w", err)
	}
	s := &Server{srv: &http.Server{Handler: Handler(set, stats), ReadHeaderTimeout: 10 * time.Second}, url: "http://" + ln.Addr().String()}
	go s.srv.Serve(ln)
	return s, nil
}

// URL is the endpoint's base, without a slash at its end.
func (s *Server) URL() string { return s.url }

// Stop closes the endpoint. A nil Server has nothing to stop.
func (s *Server) Stop(context.Context) error {
	if s == nil {
		return nil
	}
	return s.srv.Close()
}

// Handler is the endpoint without its listener.
func Handler(set *fault.Set, stats func() any) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, set.State()) })
	mux.HandleFunc("DELETE /-/faults", func(w http.ResponseWriter, _ *http.Request) {
		set.Heal()
		writeJSON(w, set.State())
	})
	mux.HandleFunc("POST /-/faults", func(w http.ResponseWriter, r *http.Request) {
		faults, err := readFaults(io.LimitReader(r.Body, 64<<10))
		if err == nil {
			err = set.Inject(faults...)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		writeJSON(w, set.State())
	})
	mux.HandleFunc("POST /-/freeze", func(w http.ResponseWriter, r *http.Request) {
		d, err := time.ParseDuration(r.URL.Query().Get("for"))
		if err != nil || d <= 0 || d > maxFreeze {
			http.Error(w, fmt.Sprintf("freeze: for=%q is not a duration up to %v (write: for=1s)", r.URL.Query().Get("for"), maxFreeze), http.StatusBadRequest)
			return
		}
		set.Freeze(d)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /-/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, stats()) })
	return mux
}

func readFaults(r io.Reader) ([]fault.Fault, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	var faults []fault.Fault
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		f, err := fault.Parse(line)
		if err != nil {
			return nil, err
		}
		faults = append(faults, f)
	}
	if len(faults) == 0 {
		return nil, fmt.Errorf("no fault in the body (write one a line: KIND key=value …)")
	}
	return faults, nil
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
