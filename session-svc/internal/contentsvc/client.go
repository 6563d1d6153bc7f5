package contentsvc

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"streamgate/libs/fault"
	"streamgate/libs/peer"
)

const (
	// Timeout bounds one question, which content-svc answers from its database.
	Timeout = 3 * time.Second
	// freshFor is how old an answer may be: a content that was deleted or moved still plays for so long.
	freshFor = 5 * time.Second
	// staleFor is how old an answer may be while content-svc is away, so that its restart stops no player.
	staleFor = time.Minute
	// cached bounds the memory of answers: about 300 bytes each.
	cached = 20_000
)

// Client is a stream.Catalogue over content-svc's internal listener.
type Client struct {
	peer   *peer.Client
	known  *lru.Cache[string, source]
	flight singleflight.Group
	now    func() time.Time
}

// source is where a content's video is, or why there is none.
type source struct {
	src   string
	err   error
	asked time.Time
}

// NewClient returns a client of the content-svc at base that shows these secrets.
func NewClient(base string, secrets []string) *Client {
	known, _ := lru.New[string, source](cached) // fails for sizes below 1 only
	return &Client{peer: peer.NewClient("content-svc", base, secrets, Timeout), known: known, now: time.Now}
}

// Source implements stream.Catalogue. Its answer may be up to 5 s old, or a minute while content-svc is away.
func (c *Client) Source(ctx context.Context, content string) (string, error) {
	last, ok := c.known.Get(content)
	if ok && c.now().Sub(last.asked) < freshFor {
		return last.src, last.err
	}
	answer, err, _ := c.flight.Do(content, func() (any, error) { return c.ask(context.WithoutCancel(ctx), content) })
	if err != nil {
		if ok && c.now().Sub(last.asked) < staleFor && fault.KindOf(err) == fault.Unavailable {
			return last.src, last.err
		}
		return "", err
	}
	found, _ := answer.(source)
	return found.src, found.err
}

func (c *Client) ask(ctx context.Context, content string) (source, error) {
	var body struct {
		Src string `json:"src"`
	}
	err := c.peer.Call(ctx, http.MethodGet, "/internal/content/"+content+"/source", nil, &body)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return source{}, err
	}
	found := source{src: body.Src, err: err, asked: c.now()}
	c.known.Add(content, found)
	return found, nil
}

// Forward passes a request for the catalogue on to content-svc. The caller closes the answer's body.
func (c *Client) Forward(ctx context.Context, method, path string, query url.Values, body any) (*http.Response, error) {
	return c.peer.Send(ctx, method, path, query, body)
}

// Pass does the same with what is long, or takes long: it ends with the context alone. A length of -1 is not known.
func (c *Client) Pass(ctx context.Context, method, path string, header http.Header, body io.Reader, length int64) (*http.Response, error) {
	return c.peer.Pass(ctx, method, path, header, body, length)
}
