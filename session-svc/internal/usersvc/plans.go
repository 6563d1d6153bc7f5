package usersvc

import (
	"context"
	"net/http"
	"net/url"

	"streamgate/libs/peer"
	"streamgate/session-svc/internal/stream"
)

// Plans implements stream.Plans over user-svc's internal listener.
type Plans struct{ peer *peer.Client }

var _ stream.Plans = Plans{}

// NewPlans returns plans that this client asks for.
func NewPlans(client *peer.Client) Plans { return Plans{client} }

// Limit implements stream.Plans.
func (p Plans) Limit(ctx context.Context, account string) (int, error) {
	var found struct {
		Plan struct {
			MaxStreams int `json:"maxStreams"`
		} `json:"plan"`
	}
	if err := p.peer.Call(ctx, http.MethodGet, "/internal/accounts/"+url.PathEscape(account), nil, &found); err != nil {
		return 0, err
	}
	return found.Plan.MaxStreams, nil
}
