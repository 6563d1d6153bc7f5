package httpapi

import (
	"time"

	"streamgate/user-svc/internal/account"
)

// instant is a time as the contract writes it: RFC 3339 in UTC with milliseconds.
type instant time.Time

// MarshalText implements encoding.TextMarshaler.
func (i instant) MarshalText() ([]byte, error) {
	return time.Time(i).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}

// publicView is what anyone sees of an account.
type publicView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Picture string `json:"picture"`
}

func newPublicView(a *account.Account) publicView { return publicView{a.ID, a.Name, a.Picture} }

// newAccountView is the answer to a sign-up.
type newAccountView struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Picture   string  `json:"picture"`
	Email     string  `json:"email"`
	CreatedAt instant `json:"createdAt"`
}

// accountView is what its owner and administrators see.
type accountView struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Picture   string   `json:"picture"`
	Email     string   `json:"email"`
	Role      string   `json:"role"`
	Plan      planView `json:"plan"`
	CreatedAt instant  `json:"createdAt"`
}

func newView(a *account.Account) accountView {
	return accountView{a.ID, a.Name, a.Picture, a.Email, string(a.Role), newPlanView(a.Plan), instant(a.CreatedAt)}
}

type planView struct {
	MaxStreams int    `json:"maxStreams"`
	OnLimit    string `json:"onLimit"`
}

func newPlanView(p account.Plan) planView { return planView{p.MaxStreams, string(p.OnLimit)} }
