package httpserver

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"streamgate/libs/problem"
)

// Listen turns what net/http refuses before any handler sees it, such as a transfer encoding that it doesn't know, into problem documents.
// It has no hook for that, and writes such an answer whole, as plain text.
func Listen(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if tcp, ok := accepted.(*net.TCPConn); ok {
		return conn{tcp}, nil // with all its methods, sendfile's among them
	}
	return accepted, err //nolint:wrapcheck // passes it on
}

type conn struct{ *net.TCPConn }

// Marks of an answer that net/http writes itself.
var (
	begin = []byte("HTTP/1.1 ")
	end   = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")
	// unexpected is the one answer of its own that looks like those of handlers.
	unexpected = []byte("HTTP/1.1 417 Expectation Failed\r\n")
)

// longestRefusal is more than any of those answers has, in bytes.
const longestRefusal = 512

// Write implements io.Writer.
func (c conn) Write(p []byte) (int, error) {
	if len(p) > longestRefusal || !bytes.HasPrefix(p, begin) {
		return c.TCPConn.Write(p) //nolint:wrapcheck // passes it on
	}
	line, _, refused := bytes.Cut(p[len(begin):], end)
	if bytes.HasPrefix(p, unexpected) {
		line, refused = unexpected[len(begin):len(unexpected)-2], true
	}
	if !refused || bytes.ContainsRune(line, '\n') {
		return c.TCPConn.Write(p) //nolint:wrapcheck // passes it on
	}
	if _, err := c.TCPConn.Write(refusal(string(line))); err != nil {
		return 0, err //nolint:wrapcheck // passes it on
	}
	return len(p), nil
}

// refusal returns the answer for a status line such as 400 Bad Request: missing required Host header.
func refusal(line string) []byte {
	number, rest, _ := strings.Cut(line, " ")
	status, _ := strconv.Atoi(number)
	_, why, _ := strings.Cut(rest, ": ")
	code, detail := "malformed_request", "The request is no well-formed HTTP/1.1"
	switch status {
	case http.StatusNotImplemented:
		code, detail = "transfer_encoding_unsupported", "Send the body with Content-Length, or with Transfer-Encoding: chunked alone"
	case http.StatusExpectationFailed:
		code, detail = "expectation_failed", "The header Expect takes 100-continue alone"
	case http.StatusRequestHeaderFieldsTooLarge:
		code, detail = headersTooLarge, fmt.Sprintf("The request's address and headers are larger than %d bytes", MaxHeader)
	}
	if why != "" {
		detail += ": " + why
	}
	text, _ := json.Marshal(problem.Document{ // strings alone, which can't fail
		Type: problem.TypePrefix + code, Title: http.StatusText(status), Status: status, Code: code, Detail: detail + ".",
	}, json.Deterministic(true))
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nContent-Length: %d\r\n"+
		"Connection: close\r\n\r\n%s", status, http.StatusText(status), problem.ContentType, len(text), text)
}
