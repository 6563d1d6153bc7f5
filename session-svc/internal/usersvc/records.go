package usersvc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/peer"
	"streamgate/session-svc/internal/session"
)

// Records implements session.Records over user-svc's internal listener.
type Records struct{ peer *peer.Client }

var _ session.Records = Records{}

// NewRecords returns records that this client asks for.
func NewRecords(client *peer.Client) Records { return Records{client} }

// Session implements session.Records.
func (r Records) Session(ctx context.Context, account string, id session.ID) (session.Session, error) {
	var recorded struct {
		Device      string    `json:"device"`
		Generation  int32     `json:"generation"`
		CreatedAt   time.Time `json:"createdAt"`
		RefreshedAt time.Time `json:"refreshedAt"`
		ExpiresAt   time.Time `json:"expiresAt"`
	}
	if err := r.peer.Call(ctx, http.MethodGet, path(account)+"/"+id.String(), nil, &recorded); err != nil {
		return session.Session{}, err
	}
	return session.Session{
		ID: id, Device: session.CleanName(recorded.Device), Generation: recorded.Generation,
		Created: recorded.CreatedAt, Refreshed: recorded.RefreshedAt, Expires: recorded.ExpiresAt,
	}, nil
}

// End implements session.Records. A user-svc that knows nothing of the account, or is too old to keep records, has nothing to end.
func (r Records) End(ctx context.Context, account string, which session.Selection) error {
	target, query := path(account), url.Values{}
	switch {
	case !which.Others:
		target += "/" + which.ID.String()
	case which != session.All():
		query.Set("except", which.ID.String())
	}
	response, err := r.peer.Send(ctx, http.MethodDelete, target, query, nil)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func path(account string) string { return "/internal/accounts/" + account + "/sessions" }
