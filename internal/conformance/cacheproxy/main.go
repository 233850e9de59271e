// Command cacheproxy runs package cachehttp as a caching reverse proxy, for
// suites that judge HTTP caches from outside.
//
//	cacheproxy -listen 127.0.0.1:8000 -origin http://127.0.0.1:8001 -profile full
//
// It keeps the Host that the client sent.
package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"time"

	"github.com/glueful/glueful-go/cachehttp"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8000", "`address` to listen on")
	origin := flag.String("origin", "", "`URL` of the origin server")
	profile := flag.String("profile", "safe", "cache `profile`: safe or full")
	flag.Parse()
	if err := run(*listen, *origin, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "cacheproxy:", err)
		os.Exit(1)
	}
}

func run(listen, origin, profile string) error {
	h, err := newProxy(origin, profile)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	slog.Info("cacheproxy listens", "address", l.Addr().String(), "origin", origin, "profile", profile)
	return (&http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}).Serve(l)
}

var profiles = map[string]cachehttp.Profile{"safe": cachehttp.Safe, "full": cachehttp.Full}

// newProxy returns the cache in front of origin.
func newProxy(origin, profile string) (http.Handler, error) {
	p, ok := profiles[profile]
	if !ok {
		return nil, fmt.Errorf("unknown profile %q, want safe or full", profile)
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("-origin %q is not an http URL", origin)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.DisableCompression = true
	transport.MaxIdleConnsPerHost = 64
	cache := &cachehttp.Cache{Profile: p, Name: "cacheproxy"}
	return cache.Handler(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came, which is how it is keyed
			r.Out.Host = r.In.Host
			r.Out.Header.Add("Via", "1.1 cacheproxy")
		},
		Transport:     transport,
		FlushInterval: -1,
		ErrorHandler:  unreachable,
	}), nil
}

// unreachable answers for an origin that did not: the cache may know better.
func unreachable(w http.ResponseWriter, r *http.Request, err error) {
	cachehttp.Unreachable(r.Context())
	status := http.StatusBadGateway
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	http.Error(w, http.StatusText(status), status)
}
