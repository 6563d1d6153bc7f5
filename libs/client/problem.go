package client

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// Problem is an answer that is an error (RFC 9457).
type Problem struct {
	Status     int
	Code       string // stable; "" if something between us and the services answered
	Detail     string // a sentence for people
	RequestID  string // by which the answer is found in the log
	RetryAfter time.Duration
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// temporary reports whether the same request can succeed later.
func (p *Problem) temporary() bool {
	return p.Status == http.StatusTooManyRequests || p.Status >= http.StatusInternalServerError
}

// RefusedError says that all places of the account are taken.
type RefusedError struct {
	Limit      int
	Streams    []Playing     // that take them
	RetryAfter time.Duration // until the first of them lapses, unless it is renewed
}

func (e *RefusedError) Error() string {
	return "all " + strconv.Itoa(e.Limit) + " streams of this account are in use"
}

// EndedError says that a stream has ended for good.
type EndedError struct {
	Reason string // stopped, replaced, terminated, session_ended or evicted
	By     string // the name of the device that did it, or support
}

func (e *EndedError) Error() string { return "the stream has ended: " + e.Reason }

// longestProblem bounds what is read of an error, in bytes.
const longestProblem = 1 << 20

// readProblem returns the error that an answer stands for.
func readProblem(response *http.Response) error {
	var document struct {
		Code      string    `json:"code"`
		Detail    string    `json:"detail"`
		RequestID string    `json:"requestId"`
		Limit     int       `json:"limit"`
		Streams   []Playing `json:"streams"`
		Reason    string    `json:"reason"`
		By        string    `json:"by"`
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, longestProblem))
	if err != nil || json.Unmarshal(text, &document) != nil {
		return &Problem{Status: response.StatusCode, Detail: response.Status}
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	wait := time.Duration(seconds) * time.Second
	switch document.Code {
	case "stream_limit_reached":
		return &RefusedError{Limit: document.Limit, Streams: document.Streams, RetryAfter: wait}
	case "stream_ended":
		return &EndedError{Reason: document.Reason, By: document.By}
	}
	return &Problem{Status: response.StatusCode, Code: document.Code, Detail: document.Detail, RequestID: document.RequestID, RetryAfter: wait}
}
