package glueful_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// hostile are requests that two parsers may read in two ways: the class of faults
// behind request smuggling.
func hostile() []string {
	const second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n"
	post := "POST /echo HTTP/1.1\r\nHost: x\r\n"
	list := []string{
		post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + second,
		post + "Content-Length: 3\r\nContent-Length: 30\r\n\r\nabc" + second,
		post + "Content-Length: 3, 3\r\n\r\nabc" + second,
		post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" + second,
		post + "Content-Length: +3\r\n\r\nabc" + second,
		post + "Content-Length: -3\r\n\r\nabc" + second,
		post + "Content-Length: 0x3\r\n\r\nabc" + second,
		post + "Content-Length: 3 \r\n\r\nabc" + second,
		post + "Content-Length: 99999999999999999999\r\n\r\nabc",
		post + "Content-Length : 3\r\n\r\nabc" + second,
		post + "Content-Length\t: 3\r\n\r\nabc" + second,
		post + " Content-Length: 3\r\n\r\nabc" + second,
		post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: identity\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\n\r\n1;a=\"\n\"\r\na\r\n0\r\n\r\n" + second,
		post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na",
		post + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + second,
		"POST /echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: a b\r\n\r\n" + second,
		"GET http://other/echo HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"GET //other/echo HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"GET /echo HTTP/1.1\nHost: x\n\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\nA\x00: b\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n" + second,
		"GET /echo HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n" + second,
		"GET  /echo HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"GET /echo  HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"GET /ec ho HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"GET /echo HTTP/1.1 \r\nHost: x\r\n\r\n" + second,
		"GET /echo HTTP/9.9\r\nHost: x\r\n\r\n" + second,
		"GET /echo http/1.1\r\nHost: x\r\n\r\n" + second,
		"G\x00T /echo HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + second,
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n" + second,
		post + "Expect: 100-continue\r\nContent-Length: 3\r\n\r\nabc" + second,
		post + "Expect: nonsense\r\nContent-Length: 3\r\n\r\nabc" + second,
		post + "Connection: Content-Length\r\nContent-Length: 3\r\n\r\nabc" + second,
		post + "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: 3\r\n\r\nabc" + second,
	}
	return list
}

// answers sends the bytes and returns the statuses of all answers, and which
// paths the handler saw.
func answers(t *testing.T, addr, request string) (statuses []int) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	io.WriteString(c, request)
	c.(*net.TCPConn).CloseWrite()
	for r := bufio.NewReader(c); ; {
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			return statuses
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		statuses = append(statuses, resp.StatusCode)
	}
}

func TestMux_rawRequestsAsTheStandardLibrary(t *testing.T) {
	echo := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			http.Error(w, "bad body", http.StatusBadRequest)
		}
	}
	std, ours := http.NewServeMux(), quiet()
	for _, pattern := range []string{"POST /echo", "GET /echo", "GET /second"} {
		std.HandleFunc(pattern, echo)
		ours.Handle(pattern, http.HandlerFunc(echo))
	}
	servers := [2]*httptest.Server{httptest.NewUnstartedServer(std), httptest.NewUnstartedServer(ours)}
	for _, s := range servers {
		s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s.Start()
		defer s.Close()
	}
	requests := hostile()
	if len(requests) < 40 {
		t.Fatalf("only %d requests", len(requests))
	}
	for _, request := range requests {
		want, got := answers(t, servers[0].Listener.Addr().String(), request), answers(t, servers[1].Listener.Addr().String(), request)
		if len(got) > len(want) {
			t.Errorf("%q: %d answers %v, the standard library gives %v", request, len(got), got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] && !(want[i] < 400 && got[i] >= 400) {
				t.Errorf("%q: answers %v, the standard library gives %v", request, got, want)
			}
		}
	}
	if got := fmt.Sprint(answers(t, servers[1].Listener.Addr().String(), "GET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n")); got != "[200 200]" {
		t.Errorf("two good requests: %s; the check cannot see a second answer", got)
	}
}
