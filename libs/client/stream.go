package client

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/wait"
)

// Playing is a stream that holds a place.
type Playing struct {
	ID        string    `json:"id"`
	Content   string    `json:"content"` // 24 hex digits
	Device    string    `json:"device"`
	StartedAt time.Time `json:"startedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// Stream is one that this client started.
type Stream struct {
	Playing

	Source string // the address of the video
	CMCD   string // where a player may report by CMCD; "" unless the service takes that

	client   *Client
	interval time.Duration // between heartbeats
	ticket   string
}

// StartOptions say what is to be played. All but Content may be "".
type StartOptions struct {
	Content string `json:"content"`          // 24 hex digits
	Player  string `json:"player,omitzero"`  // an id that the player keeps: starting again replaces its own earlier stream
	Device  string `json:"device,omitzero"`  // a name to show
	Replace string `json:"replace,omitzero"` // the id of a stream that is stopped in the same step: a take-over
}

const (
	startTries = 3
	startPause = 500 * time.Millisecond // before a start that got no answer is repeated
)

// Start starts a stream. It fails with *RefusedError where all places are taken. A start that got no answer is repeated: it is the same one.
func (c *Client) Start(ctx context.Context, o StartOptions) (*Stream, error) {
	var answer struct {
		Source string `json:"source"`
		Stream struct {
			Playing

			CMCD              string  `json:"cmcd"`
			HeartbeatInterval float64 `json:"heartbeatInterval"` // seconds
			Ticket            string  `json:"ticket"`
		} `json:"stream"`
	}
	key := rand.Text()
	same := func(r *http.Request) { r.Header.Set("Idempotency-Key", key) }
	for try := 1; ; try++ {
		err := c.call(ctx, http.MethodPost, "/streams", o, &answer, same)
		if err == nil {
			break
		}
		if answered(err) || ctx.Err() != nil || try == startTries {
			return nil, err
		}
		if err := wait.For(ctx, startPause); err != nil {
			return nil, err
		}
	}
	return &Stream{
		Playing: answer.Stream.Playing, Source: answer.Source, CMCD: answer.Stream.CMCD, client: c, ticket: answer.Stream.Ticket,
		interval: time.Duration(answer.Stream.HeartbeatInterval * float64(time.Second)),
	}, nil
}

// answered reports whether an error is an answer.
func answered(err error) bool {
	_, problem := errors.AsType[*Problem](err)
	_, refused := errors.AsType[*RefusedError](err)
	_, ended := errors.AsType[*EndedError](err)
	return problem || refused || ended
}

// Beat renews the stream once. Resumed says that it had lapsed, and took a place again. It fails with *RefusedError where it lapsed and all
// places are taken, and with *EndedError.
func (s *Stream) Beat(ctx context.Context) (resumed bool, err error) {
	var answer struct {
		ExpiresAt time.Time `json:"expiresAt"`
		Resumed   bool      `json:"resumed"`
	}
	err = s.client.call(ctx, http.MethodPost, "/streams/"+s.ID+"/heartbeat", map[string]string{"ticket": s.ticket}, &answer)
	return answer.Resumed, err
}

// Keep renews the stream until it is lost, and returns why: *RefusedError, *EndedError, or a *Problem that no waiting mends. A service that is away
// for a while is none. When the context ends, it returns the context's error, and the stream lives on for a lease: Stop frees its place.
func (s *Stream) Keep(ctx context.Context) error {
	for {
		if err := wait.For(ctx, s.interval); err != nil {
			return err
		}
		_, err := s.Beat(ctx)
		if p, ok := errors.AsType[*Problem](err); err != nil && answered(err) && (!ok || !p.temporary()) {
			return err
		}
	}
}

// Stop frees the place at once. Stopping twice is no error.
func (s *Stream) Stop(ctx context.Context) error { return s.client.Stop(ctx, s.ID) }

// Stop ends a stream of this or another device of the account.
func (c *Client) Stop(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, "/streams/"+id, nil, nil)
}

// Account is what an account plays.
type Account struct {
	Limit   int       `json:"limit"`
	Active  int       `json:"active"`
	Streams []Playing `json:"streams"` // oldest first
}

// Account returns what the account plays now.
func (c *Client) Account(ctx context.Context) (playing Account, err error) {
	err = c.call(ctx, http.MethodGet, "/streams", nil, &playing)
	return playing, err
}

const (
	watchPause = 500 * time.Millisecond // before events are asked for again, at first
	watchMost  = 8 * time.Second
	// silence is how long nothing may come before a connection is taken for lost: twice what the service writes at the latest, and more.
	silence = 40 * time.Second
)

// Watch yields what the account plays, at once and after each change, until the context ends or an error that no waiting mends, such as a *Problem
// of a device that was signed out, which it yields last.
func (c *Client) Watch(ctx context.Context) iter.Seq2[Account, error] {
	return func(yield func(Account, error) bool) {
		for pause := watchPause; ; pause = min(2*pause, watchMost) {
			more := true
			err := c.listen(ctx, func(playing Account) bool {
				pause = watchPause
				more = yield(playing, nil)
				return more
			})
			if !more {
				return
			}
			p, problem := errors.AsType[*Problem](err)
			if ctx.Err() == nil && problem && !p.temporary() {
				yield(Account{}, err)
				return
			}
			if err := wait.For(ctx, pause); err != nil {
				yield(Account{}, err)
				return
			}
		}
	}
}

// listen tells of events until the connection ends, or nobody wants more.
func (c *Client) listen(ctx context.Context, tell func(Account) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	silent := time.AfterFunc(silence, cancel)
	defer silent.Stop()
	return c.authorized(ctx, func(authorize func(*http.Request)) error {
		response, err := c.send(ctx, http.MethodGet, "/streams/events", nil, authorize)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		lines := bufio.NewScanner(response.Body)
		lines.Buffer(nil, longestProblem)
		for lines.Scan() {
			silent.Reset(silence)
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue // the event's name, which is always streams, or a sign of life
			}
			var playing Account
			if err := json.Unmarshal([]byte(data), &playing); err != nil {
				return err
			}
			if !tell(playing) {
				return nil
			}
		}
		return lines.Err()
	})
}
