package usersvc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/peer"
	"streamgate/libs/recorded"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Client implements session.Records and stream.Plans over user-svc's internal listener.
type Client struct {
	Peer *peer.Client
	// Foreign is for how long ends of accounts that are another issuer's are recorded; 0 if there are none.
	Foreign time.Duration
}

var (
	_ session.Records = Client{}
	_ stream.Plans    = Client{}
)

// Limit implements stream.Plans.
func (c Client) Limit(ctx context.Context, account string) (int, error) {
	var found struct {
		Plan struct {
			MaxStreams int `json:"maxStreams"`
		} `json:"plan"`
	}
	if err := c.Peer.Call(ctx, http.MethodGet, path(account), nil, &found); err != nil {
		return 0, err
	}
	return found.Plan.MaxStreams, nil
}

// Session implements session.Records.
func (c Client) Session(ctx context.Context, account string, id session.ID) (session.Session, error) {
	var found recorded.Session
	if err := c.Peer.Call(ctx, http.MethodGet, path(account)+"/sessions/"+id.String(), nil, &found); err != nil {
		return session.Session{}, err
	}
	return session.Session{
		ID: id, Device: session.CleanName(found.Device), Generation: found.Generation,
		Created: time.Time(found.CreatedAt), Refreshed: time.Time(found.RefreshedAt), Expires: time.Time(found.ExpiresAt),
	}, nil
}

// End implements session.Records.
func (c Client) End(ctx context.Context, account string, which session.Selection) error {
	if c.Foreign > 0 { // nobody knows of each account whose it is
		if err := c.endForeign(ctx, account, which); err != nil {
			return err
		}
	}
	return c.endOwn(ctx, account, which)
}

// endOwn ends sessions of an account of user-svc's. If that knows nothing of the account, or is too old to keep records, there is nothing to end.
func (c Client) endOwn(ctx context.Context, account string, which session.Selection) error {
	target, query := path(account)+"/sessions", url.Values{}
	switch {
	case !which.Others:
		target += "/" + which.ID.String()
	case which != session.All():
		query.Set("except", which.ID.String())
	}
	response, err := c.Peer.Send(ctx, http.MethodDelete, target, query, nil)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func path(account string) string { return "/internal/accounts/" + url.PathEscape(account) }
