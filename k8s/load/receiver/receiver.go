package receiver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"streamgate/k8s/load/check"
)

const secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd" //nolint:gosec // of nobody

// Receiver listens on an address of its own.
type Receiver struct {
	address  string
	verifier *standardwebhooks.Webhook

	mu     sync.Mutex
	server *http.Server // nil while it is away
	told   []check.Told
	wrong  []string
	mute   bool
}

// Open returns a receiver that listens.
func Open(ctx context.Context) (*Receiver, error) {
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	r := &Receiver{address: "127.0.0.1:0", verifier: verifier}
	return r, r.Return(ctx)
}

// Settings returns the variables by which session-svc tells it.
func (r *Receiver) Settings() []string {
	return []string{
		fmt.Sprintf(`EVENTS=[{"name":"receiver","webhook":"http://%s/","ownNetwork":true}]`, r.address), "EVENT_SECRETS=receiver:" + secret,
	}
}

// Leave ends it as a kill does: what is under way gets no answer. It remembers what came.
func (r *Receiver) Leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.server != nil {
		_ = r.server.Close() // what it breaks off is meant to
		r.server = nil
	}
}

// Return has it listen again, at the same address.
func (r *Receiver) Return(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", r.address)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.address = listener.Addr().String()
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Second}
	go func(server *http.Server) {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.wrong = append(r.wrong, err.Error())
		}
	}(r.server)
	return nil
}

// Mute has it take events and break its answers off, or no longer.
func (r *Receiver) Mute(mute bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mute = mute
}

// Told returns what came, in the order in which it came, and what was wrong with it.
func (r *Receiver) Told() ([]check.Told, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]check.Told{}, r.told...), append([]string{}, r.wrong...)
}

// ServeHTTP takes an event.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // it left meanwhile
	}
	told, err := r.read(request.Header, body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.wrong = append(r.wrong, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.told = append(r.told, told)
	if r.mute {
		panic(http.ErrAbortHandler)
	}
}

func (r *Receiver) read(header http.Header, body []byte) (check.Told, error) {
	if err := r.verifier.Verify(body, header); err != nil {
		return check.Told{}, err
	}
	var event struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Sequence string `json:"sequence"`
		Data     struct {
			Account string `json:"account"`
			Stream  string `json:"stream"`
			Reason  string `json:"reason"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return check.Told{}, err
	}
	sequence, err := strconv.ParseInt(event.Sequence, 10, 64)
	if err != nil || event.ID != header.Get("webhook-id") {
		return check.Told{}, fmt.Errorf("event %q with sequence %q came as %q", event.ID, event.Sequence, header.Get("webhook-id"))
	}
	return check.Told{
		ID: event.ID, Account: event.Data.Account, Sequence: sequence, Type: strings.TrimPrefix(event.Type, "streamgate."), Stream: event.Data.Stream,
		Reason: event.Data.Reason,
	}, nil
}
