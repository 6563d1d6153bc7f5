package jsonhttp

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
)

// NewRequest returns a request with in as its body in JSON, or with none if in is nil.
func NewRequest(ctx context.Context, method, address string, in any) (*http.Request, error) {
	if in == nil {
		return http.NewRequestWithContext(ctx, method, address, http.NoBody)
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err == nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, err
}

// Read decodes at most so many bytes of an answer's body into out, unless out is nil, and closes the body.
func Read(response *http.Response, most int64, out any) error {
	defer response.Body.Close()
	if out == nil {
		return nil
	}
	return json.UnmarshalRead(io.LimitReader(response.Body, most), out)
}
