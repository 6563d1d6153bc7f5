package jetstream

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"streamgate/session-svc/internal/events"
)

// Sink publishes events. It implements events.Sink.
type Sink struct {
	name, address, subject, token string
	form                          *events.Form

	mu         sync.Mutex
	connection *nats.Conn // nil before the first event
	stream     jetstream.JetStream
}

var _ events.Sink = (*Sink)(nil)

// reconnectEvery is the pause between two tries to connect again.
const reconnectEvery = time.Second

// New returns a sink for the servers at an address, nats:// or tls://, several with commas between. An event is published as
// <subject>.<account>.<type>; a stream that has the subject must be there. A token may be "".
func New(name, address, subject, token string, form *events.Form) *Sink {
	return &Sink{name: name, address: address, subject: subject, token: token, form: form}
}

// Name implements events.Sink.
func (s *Sink) Name() string { return s.name }

// Send implements events.Sink. JetStream drops a repetition by itself, for as long as its stream's duplicate window.
func (s *Sink) Send(ctx context.Context, e *events.Event) error {
	m := s.form.Message(e)
	stream, err := s.connected()
	if err != nil {
		return err
	}
	message := &nats.Msg{
		Subject: s.subject + "." + m.Account + "." + string(m.Type), Data: m.Body, Header: nats.Header{"Content-Type": {events.ContentType}},
	}
	_, err = stream.PublishMsg(ctx, message, jetstream.WithMsgID(m.ID))
	return err
}

// connected connects with the first event; from then on the client connects again by itself.
func (s *Sink) connected() (jetstream.JetStream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection != nil {
		return s.stream, nil
	}
	options := []nats.Option{
		nats.Name("streamgate " + s.name), nats.MaxReconnects(-1), nats.ReconnectWait(reconnectEvery),
		nats.ReconnectBufSize(-1), // what can't be sent is sent again by the relay
	}
	if s.token != "" {
		options = append(options, nats.Token(s.token))
	}
	connection, err := nats.Connect(s.address, options...)
	if err != nil {
		return nil, fmt.Errorf("NATS: %w", err)
	}
	stream, err := jetstream.New(connection)
	if err != nil {
		connection.Close()
		return nil, fmt.Errorf("NATS: %w", err)
	}
	s.connection, s.stream = connection, stream
	return stream, nil
}

// Close implements events.Sink.
func (s *Sink) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connection != nil {
		s.connection.Close()
	}
}
