package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/fault"
	"streamgate/libs/jsonhttp"
	"streamgate/libs/logging"
	"streamgate/libs/problem"
	"streamgate/libs/tracing"
)

// SecretHeader carries a secret that the caller shares with the service that it calls.
const SecretHeader = "Internal-Secret"

// Client asks another service on its internal listener.
type Client struct {
	Name    string // whom we ask, for people: "session-svc"
	base    string
	secrets []string
	http    *http.Client
}

// NewClient makes a client of the service at base, such as http://session-svc:8081. It shows all the secrets; the service must know one of
// them. A call takes at most timeout.
func NewClient(name, base string, secrets []string, timeout time.Duration) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it always is
	transport.Proxy = nil                                        // the other service is our neighbour
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = 256, 256
	// Below the servers' 120 s, so that a connection is never used at the moment when the other side closes it.
	transport.IdleConnTimeout = 60 * time.Second
	return &Client{Name: name, base: strings.TrimSuffix(base, "/"), secrets: secrets, http: &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would get the secret
	}}
}

// maxAnswer bounds what is read of an answer, in bytes: a list of 100 items of the largest size has room.
const maxAnswer = 16 << 20

// Call sends in as JSON, or nothing if it is nil, and decodes the answer into out, unless that is nil.
// An error that the other service reported comes back as the fault.Error that it was; one of transport is fault.Unavailable.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	response, err := c.Send(ctx, method, path, nil, in) //nolint:bodyclose // Read closes it
	if err != nil {
		return err
	}
	if err := jsonhttp.Read(response, maxAnswer, out); err != nil {
		return fault.Away(c.Name, fmt.Errorf("answer of %s %s: %w", method, path, err))
	}
	return nil
}

// Send does the same and leaves the answer's body, which the caller closes, as it is. Its query may be nil.
func (c *Client) Send(ctx context.Context, method, path string, query url.Values, in any) (*http.Response, error) {
	target := c.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	request, err := jsonhttp.NewRequest(ctx, method, target, in)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	return c.finish(ctx, request, c.http.Do)
}

// finish sends a request, and turns an answer that is an error into one.
func (c *Client) finish(ctx context.Context, request *http.Request, do func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	request.Header[SecretHeader] = c.secrets // a line each
	if id := logging.RequestID(ctx); id != "" {
		request.Header.Set(problem.RequestIDHeader, id)
	}
	call := tracing.CallService(ctx, c.Name, request.Method, request.Header)
	response, err := do(request)
	if err != nil {
		call.End(err)
		if errors.Is(err, context.Canceled) {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		return nil, fault.Away(c.Name, err)
	}
	call.Answered(response.StatusCode)
	call.End(nil)
	if response.StatusCode >= http.StatusMultipleChoices {
		defer response.Body.Close()
		return nil, c.failure(response)
	}
	return response, nil
}

// failure turns a problem document back into the error that it came from.
func (c *Client) failure(response *http.Response) error {
	var document problem.Document
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil {
		err = json.Unmarshal(text, &document)
	}
	document.Status = response.StatusCode
	refusal := document.Fault()
	if err == nil && (refusal.Kind == fault.Internal || document.Code == "" || document.Code == secretInvalid || document.Code == callerRefused) {
		err = errors.New("not an answer to the request")
	}
	if err != nil {
		return fault.Away(c.Name, fmt.Errorf("%s answered %d %.200q: %w", c.Name, response.StatusCode, text, err))
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	refusal.RetryAfter = time.Duration(seconds) * time.Second
	return refusal
}

// Pass passes a request on with its body, which may be long, and leaves the answer's body, which the caller closes, as it is. It takes as long
// as it does; the context ends it. A length of -1 is not known.
func (c *Client) Pass(ctx context.Context, method, path string, header http.Header, body io.Reader, length int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	request.Header, request.ContentLength = header, length
	if length == 0 {
		request.Body = http.NoBody
	}
	return c.finish(ctx, request, c.http.Transport.RoundTrip)
}
