package player

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/k8s/load/history"
)

// Device is a device that is signed in.
type Device struct {
	Account string
	Session string
	Token   string
	Refresh string // token; "" where nobody refreshes
}

// Client asks a service as one program on one device does, and records what it is told. It asks one thing at a time.
type Client struct {
	ID       int
	Timeout  time.Duration // after which it gives up
	Hasty    bool          // it gives up on purpose: an answer that didn't come is no failure
	Recorder *history.Recorder

	http  *http.Client
	hasty time.Duration // if it isn't 0, how long the next request is waited for
}

// NewTransport returns the connections that clients share.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:     (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConns:    1000,
		IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 1000,
		DisableCompression: true,
	}
}

// NewClient returns a client.
func NewClient(id int, timeout time.Duration, recorder *history.Recorder, transport http.RoundTripper) *Client {
	return &Client{ID: id, Timeout: timeout, Recorder: recorder, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// StartOptions are those of a start.
type StartOptions struct {
	Content string
	Name    string // of the device, as the stream shows it; one start, one name
	Player  string
	Replace string
	Key     string
}

// Start starts a stream on the replica at base.
func (c *Client) Start(ctx context.Context, base string, d *Device, o StartOptions) history.Op {
	op := history.Op{Verb: history.Start, Device: o.Name, Player: o.Player, Key: o.Key, Replace: o.Replace}
	form := url.Values{"content": {o.Content}, "device": {o.Name}}
	for name, value := range map[string]string{"player": o.Player, "replace": o.Replace} {
		if value != "" {
			form.Set(name, value)
		}
	}
	header := http.Header{}
	if o.Key != "" {
		header.Set("Idempotency-Key", o.Key)
	}
	return c.ask(ctx, op, d, http.MethodPost, base+"/streams", header, form)
}

// Heartbeat renews a stream. The ticket may be empty.
func (c *Client) Heartbeat(ctx context.Context, base string, d *Device, stream, ticket string) history.Op {
	form := url.Values{}
	if ticket != "" {
		form.Set("ticket", ticket)
	}
	return c.ask(ctx, history.Op{Verb: history.Heartbeat, Stream: stream}, d, http.MethodPost, base+"/streams/"+stream+"/heartbeat", nil, form)
}

// Stop stops a stream.
func (c *Client) Stop(ctx context.Context, base string, d *Device, stream string) history.Op {
	return c.ask(ctx, history.Op{Verb: history.Stop, Stream: stream}, d, http.MethodDelete, base+"/streams/"+stream, nil, nil)
}

// List lists what plays.
func (c *Client) List(ctx context.Context, base string, d *Device) history.Op {
	return c.ask(ctx, history.Op{Verb: history.List}, d, http.MethodGet, base+"/streams", nil, nil)
}

// SignOut ends another device's session.
func (c *Client) SignOut(ctx context.Context, base string, d *Device, session string) history.Op {
	op := history.Op{Verb: history.SignOut, Session: session, By: d.Session}
	return c.ask(ctx, op, d, http.MethodDelete, base+"/sessions/"+session, nil, nil)
}

// Refresh takes the device's refresh token for the next, at the user-svc at base.
func (c *Client) Refresh(ctx context.Context, base string, d *Device) history.Op {
	op := c.ask(ctx, history.Op{Verb: history.Refresh}, d, http.MethodPost, base+"/auth/refresh", nil, url.Values{"refreshToken": {d.Refresh}})
	if op.Done() {
		d.Token, d.Refresh = op.Answer.Token, op.Answer.RefreshToken
	}
	return op
}

// End makes a request that ends sessions of the device's account: those of the devices that are gone.
func (c *Client) End(ctx context.Context, d *Device, gone []*Device, method, address string, header http.Header, form url.Values) history.Op {
	op := history.Op{Verb: history.SignOut, Session: gone[0].Session, By: d.Session}
	op = c.ask(ctx, op, d, method, address, header, form)
	for _, other := range gone[1:] {
		op.Session = other.Session
		c.Recorder.Add(op)
	}
	return op
}

// fetched is how much of a clip one request fetches, bytes: so little that it stands for no film, and the lease ends a lease later.
const fetched = 1 << 10

// Fetch fetches a part of a clip from the address that the start of a stream gave, through the replica at base.
func (c *Client) Fetch(ctx context.Context, base string, d *Device, stream, source string) history.Op {
	header := http.Header{"Range": {"bytes=0-" + strconv.Itoa(fetched-1)}}
	return c.fetch(ctx, history.Op{Stream: stream}, base, d, source, header)
}

// Playlist fetches the playlist of a film, which is no film itself: it is sent whenever the stream may play.
func (c *Client) Playlist(ctx context.Context, base string, d *Device, stream, source string) history.Op {
	return c.fetch(ctx, history.Op{Stream: stream}, base, d, source, nil)
}

// Piece fetches the nth piece of a film, whose playlist is at the address that the start of a stream gave.
func (c *Client) Piece(ctx context.Context, base string, d *Device, stream, source string, f Film, n int) history.Op {
	op := history.Op{Stream: stream, Piece: history.Piece{At: time.Duration(n) * f.Length, Length: f.Length}}
	return c.fetch(ctx, op, base, d, source[:strings.LastIndexByte(source, '/')+1]+PieceName(n), nil)
}

// AuthorizeFirst asks at session-svc as a server does that has got the first request of a player with a token: it starts the stream.
func (c *Client) AuthorizeFirst(ctx context.Context, base string, d *Device, o StartOptions) history.Op {
	op := history.Op{Verb: history.Start, Device: o.Name, Player: o.Name}
	return c.authorize(ctx, op, base, d, "/live/"+o.Content+"/0.ts?player="+url.QueryEscape(o.Name))
}

// AuthorizeNext does the same with a later request for that stream, which was started then. Where it was the first at its replica, after the stream
// had lapsed, it has started it again, and is recorded so.
func (c *Client) AuthorizeNext(ctx context.Context, base string, d *Device, stream string, started time.Time, o StartOptions) history.Op {
	op := history.Op{Verb: history.Fetch, Device: o.Name, Player: o.Name, Stream: stream, Answer: history.Answer{Started: started}}
	return c.authorize(ctx, op, base, d, "/live/"+o.Content+"/0.ts?player="+url.QueryEscape(o.Name))
}

// Authorize does the same with a request that comes with the grant of a stream.
func (c *Client) Authorize(ctx context.Context, base string, d *Device, stream, grant, content string) history.Op {
	return c.authorize(ctx, history.Op{Verb: history.Fetch, Stream: stream}, base, d, "/"+grant+"/live/"+content+"/0.ts")
}

func (c *Client) authorize(ctx context.Context, op history.Op, base string, d *Device, target string) history.Op {
	header := http.Header{"X-Original-Uri": {target}, "Authorization": {"Bearer " + d.Token}} // a grant in the path comes first
	return c.ask(ctx, op, d, http.MethodGet, base+"/authorize", header, nil)
}

func (c *Client) fetch(ctx context.Context, op history.Op, base string, d *Device, address string, header http.Header) history.Op {
	if i := strings.Index(address, "/media/"); i >= 0 {
		address = base + address[i:]
	}
	op.Verb = history.Fetch
	return c.ask(ctx, op, d, http.MethodGet, address, header, nil)
}

func (c *Client) ask(ctx context.Context, op history.Op, d *Device, method, address string, header http.Header, form url.Values) history.Op {
	op.Client, op.Account = c.ID, d.Account
	if op.Session == "" {
		op.Session = d.Session
	}
	timeout := c.Timeout
	op.Hasty = c.Hasty
	if c.hasty > 0 {
		timeout, op.Hasty, c.hasty = c.hasty, true, 0
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // an address that we made ourselves
	}
	if header != nil {
		request.Header = header
	}
	if len(form) > 0 {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if op.Verb != history.Fetch && request.Header.Get("Authorization") == "" { // a fetch is authorised by its address alone
		request.Header.Set("Authorization", "Bearer "+d.Token)
	}
	request.GetBody = nil // so that net/http itself repeats nothing
	op.Invoked = c.Recorder.Now()
	known := op.Answer.Started
	if op.Answer = c.answer(request, op); op.Verb == history.Fetch && op.Device != "" && op.Done() && op.Answer.Started.After(known) {
		op.Verb = history.Start
	}
	op.Returned = c.Recorder.Now()
	c.Recorder.Add(op)
	return op
}

// answer sends a request. An answer that didn't come whole counts as none.
func (c *Client) answer(request *http.Request, op history.Op) history.Answer {
	response, err := c.http.Do(request)
	if err != nil {
		return history.Answer{}
	}
	defer response.Body.Close()
	var body bytes.Buffer
	first := time.Duration(0)
	one := make([]byte, 1)
	if n, err := response.Body.Read(one); n > 0 {
		first = c.Recorder.Now()
		body.Write(one)
	} else if err != nil && err != io.EOF {
		return history.Answer{}
	} else if op.Verb == history.Fetch {
		first = c.Recorder.Now() // a decision about a fetch has no body
	}
	film, last := time.Duration(0), first
	if op.Verb == history.Fetch && response.StatusCode < http.StatusMultipleChoices {
		if film, err = op.Piece.Length, c.drain(response.Body, &last); err != nil {
			film = 0
		}
	} else {
		_, err = body.ReadFrom(response.Body)
	}
	if err != nil && op.Verb != history.Fetch {
		return history.Answer{}
	}
	a := parse(response.StatusCode, body.Bytes(), op.Verb)
	a.RetryAfter = response.Header.Get("Retry-After") != ""
	if id := response.Header.Get("X-Stream-Id"); id != "" {
		a.Stream = id
		a.Started, _ = time.Parse(time.RFC3339, response.Header.Get("X-Stream-Started"))
	}
	if op.Verb == history.Fetch {
		a.FirstByte, a.LastByte, a.Film = first, last, film
		return a
	}
	a.Active, _ = strconv.Atoi(response.Header.Get("X-Stream-Active"))
	if limit, err := strconv.Atoi(response.Header.Get("X-Stream-Limit")); err == nil {
		a.Limit = limit
	}
	return a
}

// drain reads the rest of a body, and notes when its last byte came.
func (c *Client) drain(body io.Reader, last *time.Duration) error {
	buffer := make([]byte, 32<<10)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			*last = c.Recorder.Now()
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// document has the fields of all the answers.
type document struct {
	Source string `json:"source"`
	Stream struct {
		ID        string    `json:"id"`
		StartedAt time.Time `json:"startedAt"`
		ExpiresAt time.Time `json:"expiresAt"`
		Ticket    string    `json:"ticket"`
	} `json:"stream"`
	ExpiresAt time.Time `json:"expiresAt"`
	Resumed   bool      `json:"resumed"`
	Token     string    `json:"token"`
	Next      string    `json:"refreshToken"`
	Code      string    `json:"code"`
	Detail    string    `json:"detail"`
	Limit     int       `json:"limit"`
	Reason    string    `json:"reason"`
	By        string    `json:"by"`
	Streams   []struct {
		ID        string    `json:"id"`
		Device    string    `json:"device"`
		StartedAt time.Time `json:"startedAt"`
		ExpiresAt time.Time `json:"expiresAt"`
	} `json:"streams"`
}

func parse(status int, body []byte, verb history.Verb) history.Answer {
	a := history.Answer{Status: status}
	var d document
	if len(body) == 0 || verb == history.Fetch && status < http.StatusMultipleChoices {
		return a
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return a // a page of a proxy's, say
	}
	a.Code, a.Detail, a.Limit, a.Reason, a.By = d.Code, d.Detail, d.Limit, d.Reason, d.By
	a.Stream, a.Started, a.Expires, a.Source, a.Ticket = d.Stream.ID, d.Stream.StartedAt, d.Stream.ExpiresAt, d.Source, d.Stream.Ticket
	a.Token, a.RefreshToken = d.Token, d.Next
	if !d.ExpiresAt.IsZero() {
		a.Expires, a.Resumed = d.ExpiresAt, d.Resumed
	}
	for _, s := range d.Streams {
		a.Streams = append(a.Streams, history.Listed{ID: s.ID, Device: s.Device, Started: s.StartedAt, Expires: s.ExpiresAt})
	}
	return a
}
