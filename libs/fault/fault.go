package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what went wrong, from the caller's point of view. Only package problem turns a kind into a status code.
type Kind uint8

// The kinds. The zero kind is Internal: an error without a kind is our mistake, not the caller's.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	MethodNotAllowed
	Conflict
	Gone
	TooLarge
	HeadersTooLarge
	UnsupportedMedia
	Unprocessable
	PreconditionFailed
	RangeNotSatisfiable
	TooManyRequests
	Unavailable
)

// Field names one faulty input and the remedy.
type Field struct {
	Name   string `json:"field"`
	Detail string `json:"detail"`
}

// Error is an error with a kind, a stable code and a text for people.
type Error struct {
	Kind   Kind
	Code   string // stable, snake_case, for programs to compare
	Detail string // one sentence for people; never a secret, never an address of ours
	Fields []Field
	// RetryAfter is how long to wait before the same request can succeed; 0 means unknown.
	RetryAfter time.Duration
	// Members are further members of the problem document, such as limit, active and streams.
	Members map[string]any
	// Challenge is the WWW-Authenticate header of an Unauthenticated error.
	Challenge string

	cause error
}

// New returns an error of this kind.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// BadFields returns an error that names faulty inputs: all that were found.
func BadFields(fields ...Field) *Error {
	details := make([]string, len(fields))
	for i, f := range fields {
		details[i] = f.Name + ": " + f.Detail
	}
	return &Error{Kind: Invalid, Code: "invalid_input", Detail: strings.Join(details, "; "), Fields: fields}
}

// BadField returns an error that names one faulty input.
func BadField(name, format string, args ...any) *Error {
	return BadFields(Field{Name: name, Detail: fmt.Sprintf(format, args...)})
}

// Away returns an error for a dependency that did not answer. The cause is logged and never shown.
func Away(what string, cause error) *Error {
	e := New(Unavailable, "unavailable", what+" is not available at the moment; try again.").Because(cause)
	e.RetryAfter = time.Second
	return e
}

// Because returns the same error with a cause, which is logged and never shown to the caller.
func (e *Error) Because(cause error) *Error {
	c := *e // e may be a variable that all requests share
	c.cause = cause
	return &c
}

// After returns the same error with this RetryAfter.
func (e *Error) After(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// Challenging returns the same error with this Challenge.
func (e *Error) Challenging(challenge string) *Error {
	c := *e
	c.Challenge = challenge
	return &c
}

// Error returns the code, the detail and the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Code + ": " + e.Detail + ": " + e.cause.Error()
	}
	return e.Code + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target has the same code, so that errors.Is works on copies with other details.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error) // itself: Is must not unwrap its target
	return ok && other.Code == e.Code
}

// KindOf returns the kind of the first Error in the chain, or Internal.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
