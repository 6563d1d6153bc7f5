package problem

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/time/rate"

	"streamgate/libs/fault"
)

// ContentType is the media type of every error that Streamgate answers.
const ContentType = "application/problem+json"

// TypePrefix comes before an error's code in the member "type": stable, and not an address that could rot.
const TypePrefix = "urn:streamgate:problem:"

// RequestIDHeader carries the id by which an answer is found in the log.
const RequestIDHeader = "X-Request-Id"

// kinds is the one place that knows which kind of error has which status.
var kinds = map[fault.Kind]int{
	fault.Internal:            http.StatusInternalServerError,
	fault.Invalid:             http.StatusBadRequest,
	fault.Unauthenticated:     http.StatusUnauthorized,
	fault.Forbidden:           http.StatusForbidden,
	fault.NotFound:            http.StatusNotFound,
	fault.MethodNotAllowed:    http.StatusMethodNotAllowed,
	fault.Conflict:            http.StatusConflict,
	fault.Gone:                http.StatusGone,
	fault.TooLarge:            http.StatusRequestEntityTooLarge,
	fault.HeadersTooLarge:     http.StatusRequestHeaderFieldsTooLarge,
	fault.UnsupportedMedia:    http.StatusUnsupportedMediaType,
	fault.Unprocessable:       http.StatusUnprocessableEntity,
	fault.PreconditionFailed:  http.StatusPreconditionFailed,
	fault.RangeNotSatisfiable: http.StatusRequestedRangeNotSatisfiable,
	fault.TooManyRequests:     http.StatusTooManyRequests,
	fault.Unavailable:         http.StatusServiceUnavailable,
}

// clientGone is what the metrics count when nobody waits for the answer any more. The number is nginx's; HTTP has none.
const clientGone = 499

// Status returns the status code of an error.
func Status(err error) int { return kinds[classify(err).Kind] }

// KindOfStatus is the reverse of Status, for clients of another service; an unknown status is Internal.
func KindOfStatus(status int) fault.Kind {
	for kind, s := range kinds {
		if s == status {
			return kind
		}
	}
	return fault.Internal
}

// Document is a problem document, RFC 9457, in the order in which a person reads it.
type Document struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      string         `json:"code"`
	Detail    string         `json:"detail"`
	Fields    []fault.Field  `json:"errors,omitempty"`
	RequestID string         `json:"requestId,omitempty"`
	Members   map[string]any `json:",embed"`
}

// New returns the document of an error.
func New(err error) Document {
	e := classify(err)
	return Document{
		Type: TypePrefix + e.Code, Title: http.StatusText(kinds[e.Kind]), Status: kinds[e.Kind], Code: e.Code, Detail: e.Detail, Fields: e.Fields,
		Members: e.Members,
	}
}

// Fault returns the error that a document of another service came from.
func (d Document) Fault() *fault.Error {
	return &fault.Error{Kind: KindOfStatus(d.Status), Code: d.Code, Detail: d.Detail, Fields: d.Fields, Members: d.Members}
}

// Write answers a request with the problem document of err, and logs what is our fault.
func Write(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		w.WriteHeader(clientGone)
		return
	}
	e := classify(err)
	status := kinds[e.Kind]
	report(r, log, status, err)

	header := w.Header()
	document := New(err)
	document.RequestID = header.Get(RequestIDHeader)
	text, marshalErr := json.Marshal(document, json.Deterministic(true), jsontext.AllowInvalidUTF8(true)) // a detail may quote what a client sent
	if marshalErr != nil {
		log.ErrorContext(r.Context(), "problem document", "error", marshalErr)
	}

	if isForMediaElement(r) {
		text = nil
		header.Del("Content-Type")
	} else {
		header.Set("Content-Type", ContentType)
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(text)))
	header.Del("ETag")
	header.Del("Last-Modified")
	if e.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	if e.Challenge != "" {
		header.Set("WWW-Authenticate", challenge(r, e.Challenge))
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client may be gone: nobody is left to tell
}

// challenge returns the challenge that a client is given. A browser that is given one of Basic asks for a password itself, in a window of its own, and
// its page hears nothing until somebody has closed that. So a page, which browsers name in Origin, is given one that no browser knows.
func challenge(r *http.Request, text string) string {
	if strings.HasPrefix(text, "Basic ") && r.Header.Get("Origin") != "" {
		return "x" + text
	}
	return text
}

// isForMediaElement reports whether a page's <video> or <audio> asks, which shows no document. Browsers hide one from it where page and film have
// different origins (opaque response blocking), and then take the refusal for a broken connection, which they try again for half a minute. Where
// they don't say what they ask for, since the origin is not a secure one, Chromium's encodings of media tell.
func isForMediaElement(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Dest") {
	case "video", "audio":
		return true
	case "":
		return r.Header.Get("Accept-Encoding") == "identity;q=1, *;q=0"
	default:
		return false
	}
}

// classify finds the fault.Error in the chain, or makes one that says nothing about our insides. Of joined errors the first counts, and
// if it names fields, the fields of the others are named as well.
func classify(err error) *fault.Error {
	if e, ok := errors.AsType[*fault.Error](err); ok {
		if all := fields(err); len(e.Fields) > 0 && len(all) > len(e.Fields) {
			return fault.BadFields(all...)
		}
		return e
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "body_too_large", "The body is larger than "+strconv.FormatInt(tooLarge.Limit, 10)+" bytes.")
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fault.Away("A part of Streamgate", err)
	}
	return fault.ErrInternal
}

// fields returns the faulty inputs of an error and of all that were joined to it.
func fields(err error) []fault.Field {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []fault.Field
		for _, each := range joined.Unwrap() {
			all = append(all, fields(each)...)
		}
		return all
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e.Fields
	}
	return nil
}

// seldom keeps a dependency that is away from filling the log at the rate of the traffic.
var seldom = rate.Sometimes{First: 10, Interval: time.Second}

func report(r *http.Request, log *slog.Logger, status int, err error) {
	if status < http.StatusInternalServerError {
		return
	}
	write := true
	if status == http.StatusServiceUnavailable {
		write = false
		seldom.Do(func() { write = true })
	}
	if write {
		log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.Int("status", status), slog.String("method", r.Method), slog.String("error", err.Error()))
	}
}
