package events

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/instant"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Shown says how much of a field other systems see.
type Shown string

// The ways to show a field.
const (
	Plain     Shown = "plain"
	Pseudonym Shown = "pseudonym" // the same for the same value, and nothing else of it
	Hidden    Shown = "none"
)

// Shows lists them.
var Shows = []Shown{Plain, Pseudonym, Hidden}

// Form says how events look outside.
type Form struct {
	Source   string // of all events: a URI reference
	Contents Shown  // the ids of what is played
	Devices  Shown  // the names of devices, also of those that ended something
	Key      []byte // of the pseudonyms
}

// ContentType is that of a Message's body.
const ContentType = "application/cloudevents+json"

// Message is an event as other systems see it.
type Message struct {
	ID, Account string
	Type        Type
	Body        []byte // CloudEvents 1.0 in JSON, structured mode
}

// typePrefix keeps the types of Streamgate apart from those of others.
const typePrefix = "streamgate."

// cloudEvent has the attributes of CloudEvents 1.0, and of its extensions for partitioning and sequence.
type cloudEvent struct {
	SpecVersion  string       `json:"specversion"`
	ID           string       `json:"id"`
	Source       string       `json:"source"`
	Type         string       `json:"type"`
	Subject      string       `json:"subject,omitzero"`
	Time         instant.Time `json:"time"`
	ContentType  string       `json:"datacontenttype"`
	PartitionKey string       `json:"partitionkey"`
	Sequence     string       `json:"sequence"`
	Data         dataForm     `json:"data"`
}

type dataForm struct {
	Account   string        `json:"account"`
	Session   string        `json:"session,omitzero"`
	Stream    string        `json:"stream,omitzero"`
	Content   string        `json:"content,omitzero"`
	Device    string        `json:"device,omitzero"`
	StartedAt *instant.Time `json:"startedAt,omitzero"`
	Reason    Reason        `json:"reason,omitzero"`
	By        string        `json:"by,omitzero"`
	Limit     int           `json:"limit,omitzero"`
	Active    *int          `json:"active,omitzero"`
	Times     int           `json:"times,omitzero"`
}

// Message returns the event as other systems see it.
func (f *Form) Message(e *Event) Message {
	d := &e.Data
	data := dataForm{
		Account: e.Account, Content: f.show(f.Contents, d.Content), Device: f.show(f.Devices, d.Device), Reason: d.Reason,
		By: f.show(f.Devices, d.By), Limit: d.Limit, Times: d.Times,
	}
	subject := ""
	if d.Session != (session.ID{}) {
		data.Session = d.Session.String()
		subject = data.Session
	}
	if d.Stream != (stream.ID{}) {
		data.Stream = d.Stream.String()
		subject = data.Stream
	}
	if !d.Started.IsZero() {
		data.StartedAt = (*instant.Time)(&d.Started)
	}
	if d.Limit != 0 && e.Type != PlanChanged {
		data.Active = &d.Active
	}
	body, _ := json.Marshal(cloudEvent{ // nothing in it can fail
		SpecVersion: "1.0", ID: e.ID(), Source: f.Source, Type: typePrefix + string(e.Type), Subject: subject, Time: instant.Time(e.Time),
		ContentType: "application/json", PartitionKey: e.Account, Sequence: strconv.FormatInt(e.Sequence, 10), Data: data,
	})
	return Message{ID: e.ID(), Account: e.Account, Type: e.Type, Body: body}
}

// pseudonymLength is how many bytes of a hash tell values apart.
const pseudonymLength = 16

func (f *Form) show(how Shown, value string) string {
	switch {
	case value == "" || how == Hidden:
		return ""
	case how == Pseudonym:
		mac := hmac.New(sha256.New, f.Key)
		_, _ = mac.Write([]byte(value)) // never fails
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:pseudonymLength])
	default:
		return value
	}
}

// Sink brings events to where they are wanted.
type Sink interface {
	// Name tells it from the others: 1 to 32 of a to z, 0 to 9 and -.
	Name() string

	// Send returns once the event has got there, or an error. The error may be a LaterError.
	Send(ctx context.Context, e *Event) error

	// Close ends its connections.
	Close()
}

// LaterError says when it is worth to send again.
type LaterError struct {
	After time.Duration
	Err   error
}

func (e *LaterError) Error() string { return e.Err.Error() }

func (e *LaterError) Unwrap() error { return e.Err }
