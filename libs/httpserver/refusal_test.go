package httpserver_test

import (
	"strings"
	"testing"

	"streamgate/libs/bind"
)

// What net/http refuses itself is a problem document, too.
func TestWhatIsNoRequest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.POST("/", s.Handle(bind.Nothing))
	const post = "POST / HTTP/1.1\r\nHost: x\r\n"
	for request, want := range map[string]struct {
		status int
		code   string
		detail string
	}{
		post + "Transfer-Encoding: gzip\r\n\r\n":                                     {501, "transfer_encoding_unsupported", "Transfer-Encoding: chunked alone."},
		post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n":                   {501, "transfer_encoding_unsupported", "Content-Length"},
		post + "Transfer-Encoding: identity\r\n\r\n":                                 {501, "transfer_encoding_unsupported", "Content-Length"},
		post + "Transfer-Encoding: xchunked\r\n\r\n":                                 {501, "transfer_encoding_unsupported", "Content-Length"},
		post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n":    {501, "transfer_encoding_unsupported", "Content-Length"},
		post + "Transfer-Encoding:\r\n\r\n":                                          {501, "transfer_encoding_unsupported", "Content-Length"},
		post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n":                      {400, "malformed_request", "HTTP/1.1."},
		post + "Content-Length: x\r\n\r\n":                                           {400, "malformed_request", "HTTP/1.1."},
		post + "no colon\r\n\r\n":                                                    {400, "malformed_request", "HTTP/1.1."},
		"nonsense\r\n\r\n":                                                           {400, "malformed_request", "HTTP/1.1."},
		"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n":                                       {400, "malformed_request", "HTTP/1.1."},
		"GET / HTTP/1.1\r\n\r\n":                                                     {400, "malformed_request", "missing required Host header."},
		"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n":                               {400, "malformed_request", "HTTP/1.1."},
		"GET / HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n":                        {417, "expectation_failed", "100-continue alone."},
		"GET / HTTP/7.3\r\nHost: x\r\n\r\n":                                          {505, "malformed_request", "unsupported protocol version."},
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("v", 1<<20) + "\r\n\r\n": {431, "headers_too_large", "16384 bytes."},
	} {
		answer, reader := s.raw(t, request)
		answer.Problem(t, want.status, want.code)
		if detail, _ := answer.JSON(t)["detail"].(string); !strings.Contains(detail, want.detail) {
			t.Errorf("%.80q: %s", request, answer.Body)
		}
		if answer.Header.Get("Connection") != "close" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%.80q: %v", request, answer.Header)
		}
		if _, err := reader.ReadByte(); err == nil {
			t.Errorf("%.80q: more was answered", request)
		}
	}
	// A chunked body is one, also where there is nothing in it.
	if answer, _ := s.raw(t, post+"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}
