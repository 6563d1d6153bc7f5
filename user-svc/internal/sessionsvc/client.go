package sessionsvc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"streamgate/libs/fault"
	"streamgate/libs/instant"
	"streamgate/libs/peer"
	"streamgate/libs/recorded"
	"streamgate/user-svc/internal/account"
)

const (
	// Timeout bounds one request.
	Timeout = 2 * time.Second
	// rememberFor is how long an answer about a session is used. An ended session's tokens must be refused everywhere
	// within 5 s.
	rememberFor = 4 * time.Second
	// remembered is the largest number of answers kept: about 200 bytes each.
	remembered = 10_000
)

// Client implements account.Sessions at session-svc's internal listener.
type Client struct {
	peer    *peer.Client
	answers *lru.Cache[key, answer]
	now     func() time.Time
}

var _ account.Sessions = (*Client)(nil)

type key struct{ account, session string }

type answer struct {
	alive bool
	until time.Time
}

// NewClient returns a client of the session-svc at base, which it shows these secrets.
func NewClient(base string, secrets []string) *Client {
	answers, _ := lru.New[key, answer](remembered) // fails for sizes below 1 only
	return &Client{peer.NewClient("session-svc", base, secrets, Timeout), answers, time.Now}
}

// session is the form of a session in session-svc's answers.
type session struct {
	Account      string `json:"account"`
	ID           string `json:"id"`
	RefreshToken string `json:"refreshToken"`
	recorded.Session
}

func (s *session) session() account.Session {
	return account.Session{
		ID: s.ID, Account: s.Account, RefreshToken: s.RefreshToken, Device: s.Device, Generation: s.Generation,
		Created: time.Time(s.CreatedAt), Refreshed: time.Time(s.RefreshedAt), Expires: time.Time(s.ExpiresAt),
	}
}

// Open implements account.Sessions.
func (c *Client) Open(ctx context.Context, accountID, device string) (account.Session, error) {
	return c.open(ctx, map[string]any{"account": accountID, "device": device, "known": false})
}

// OpenKnown implements account.Sessions.
func (c *Client) OpenKnown(ctx context.Context, accountID, device string) (account.Session, error) {
	return c.open(ctx, map[string]any{"account": accountID, "device": device, "known": true})
}

func (c *Client) open(ctx context.Context, in map[string]any) (account.Session, error) {
	var s session
	if err := c.peer.Call(ctx, http.MethodPost, "/internal/sessions", in, &s); err != nil {
		return account.Session{}, err
	}
	if time.Time(s.CreatedAt).IsZero() { // an older session-svc
		now := instant.Time(c.now())
		s.CreatedAt, s.RefreshedAt = now, now
	}
	return s.session(), nil
}

// Refresh implements account.Sessions.
func (c *Client) Refresh(ctx context.Context, refreshToken string) (account.Session, error) {
	var s session
	in := map[string]string{"refreshToken": refreshToken}
	if err := c.peer.Call(ctx, http.MethodPost, "/internal/sessions/refresh", in, &s); err != nil {
		return account.Session{}, err
	}
	return s.session(), nil
}

// Alive reports whether a session was alive at most 4 s ago. Its error is fault.Unavailable when that can't be known.
func (c *Client) Alive(ctx context.Context, accountID, sessionID string) (bool, error) {
	k := key{accountID, sessionID}
	if known, ok := c.answers.Get(k); ok && c.now().Before(known.until) {
		return known.alive, nil
	}
	asked := c.now() // the answer is as old as the request
	err := c.peer.Call(ctx, http.MethodGet, path(accountID, sessionID), nil, nil)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return false, err
	}
	c.answers.Add(k, answer{alive: err == nil, until: asked.Add(rememberFor)})
	return err == nil, nil
}

// End implements account.Sessions.
func (c *Client) End(ctx context.Context, accountID, sessionID string) error {
	err := c.peer.Call(ctx, http.MethodDelete, path(accountID, sessionID), nil, nil)
	c.answers.Remove(key{accountID, sessionID})
	return err
}

// EndAll implements account.Sessions.
func (c *Client) EndAll(ctx context.Context, accountID string) error {
	return c.endAll(ctx, accountID, "", nil)
}

// EndOthers implements account.Sessions.
func (c *Client) EndOthers(ctx context.Context, accountID, keep string) error {
	return c.endAll(ctx, accountID, keep, url.Values{"except": {keep}})
}

func (c *Client) endAll(ctx context.Context, accountID, keep string, query url.Values) error {
	response, err := c.peer.Send(ctx, http.MethodDelete, path(accountID, ""), query, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	for _, k := range c.answers.Keys() {
		if k.account == accountID && k.session != keep {
			c.answers.Remove(k)
		}
	}
	return nil
}

// Data implements account.Sessions.
func (c *Client) Data(ctx context.Context, accountID string) (map[string]any, error) {
	var data map[string]any
	err := c.peer.Call(ctx, http.MethodGet, dataPath(accountID), nil, &data)
	return data, err
}

// Erase implements account.Sessions.
func (c *Client) Erase(ctx context.Context, accountID string) error {
	return c.peer.Call(ctx, http.MethodDelete, dataPath(accountID), nil, nil)
}

func dataPath(accountID string) string {
	return "/internal/accounts/" + url.PathEscape(accountID) + "/data"
}

// path returns the path of a session, or of all sessions of an account.
func path(accountID, sessionID string) string {
	p := "/internal/accounts/" + url.PathEscape(accountID) + "/sessions"
	if sessionID != "" {
		p += "/" + url.PathEscape(sessionID)
	}
	return p
}
