package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"streamgate/session-svc/internal/events"
)

const (
	// readAtMost bounds what is read of an answer, so that its connection can be used again.
	readAtMost = 64 << 10
	// goneFor is the pause after 410, by which an endpoint says that it wants no more.
	goneFor = time.Hour
	// mostLater bounds the pause that an endpoint asks for.
	mostLater = 5 * time.Minute
	// dialTimeout bounds the wait for a connection.
	dialTimeout = 5 * time.Second
)

// Sink posts events to an address. It implements events.Sink.
type Sink struct {
	name, address string
	form          *events.Form
	signers       []*standardwebhooks.Webhook
	client        *http.Client
	transport     *http.Transport
	now           func() time.Time
}

var _ events.Sink = (*Sink)(nil)

// New returns a sink. Each of the secrets signs, so that an endpoint can take the next one before the last one is withdrawn: whsec_ and base64.
// ownNetwork allows addresses that are not of the public Internet.
func New(name, address string, secrets []string, ownNetwork bool, form *events.Form) (*Sink, error) {
	dialer := &net.Dialer{Timeout: dialTimeout}
	if !ownNetwork {
		dialer.ControlContext = onlyPublic
	}
	transport := &http.Transport{
		Proxy:       nil, // it would be asked to connect to what we refuse
		DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: readAtMost,
	}
	s := &Sink{name: name, address: address, form: form, transport: transport, now: time.Now, client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, secret := range secrets {
		signer, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("endpoint %s: its secret is not whsec_ and base64", name)
		}
		s.signers = append(s.signers, signer)
	}
	return s, nil
}

// Name implements events.Sink.
func (s *Sink) Name() string { return s.name }

// Send implements events.Sink.
func (s *Sink) Send(ctx context.Context, e *events.Event) error {
	m := s.form.Message(e)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address, bytes.NewReader(m.Body))
	if err != nil {
		return err
	}
	now := s.now()
	var signatures []string
	for _, signer := range s.signers {
		signature, err := signer.Sign(m.ID, now, m.Body)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	request.Header.Set("Content-Type", events.ContentType)
	request.Header.Set("User-Agent", "Streamgate")
	request.Header.Set(standardwebhooks.HeaderWebhookID, m.ID)
	request.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	response, err := s.client.Do(request)
	if err != nil {
		return withoutAddress(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, readAtMost) // more, or an error, costs the connection
	err = fmt.Errorf("the endpoint answered %d", response.StatusCode)
	switch {
	case response.StatusCode >= 200 && response.StatusCode < 300:
		return nil
	case response.StatusCode == http.StatusGone:
		return &events.LaterError{After: goneFor, Err: err}
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return fmt.Errorf("%w; redirects are not followed", err)
	}
	if seconds, bad := strconv.Atoi(response.Header.Get("Retry-After")); bad == nil && seconds > 0 {
		return &events.LaterError{After: time.Duration(min(seconds, int(mostLater/time.Second))) * time.Second, Err: err}
	}
	return err
}

// withoutAddress takes the address out of an error, which may have a secret in it.
func withoutAddress(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// Close implements events.Sink.
func (s *Sink) Close() { s.transport.CloseIdleConnections() }
