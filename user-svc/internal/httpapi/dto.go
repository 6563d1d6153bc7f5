package httpapi

import (
	"time"

	"streamgate/libs/instant"
	"streamgate/libs/recorded"
	"streamgate/user-svc/internal/account"
)

// profileDTO is the public view of an account.
type profileDTO struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Picture string `json:"picture"`
}

func newProfileDTO(a account.Account) profileDTO { return profileDTO{a.ID, a.Name, a.Picture} }

// createdDTO is the answer to a sign-up.
type createdDTO struct {
	profileDTO

	Email     string       `json:"email"`
	CreatedAt instant.Time `json:"createdAt"`
}

func newCreatedDTO(a account.Account) createdDTO {
	return createdDTO{newProfileDTO(a), a.Email, instant.Time(a.CreatedAt)}
}

// accountDTO is the view of an account for its owner and administrators.
type accountDTO struct {
	profileDTO

	Email     string       `json:"email"`
	Role      string       `json:"role"`
	Plan      planDTO      `json:"plan"`
	CreatedAt instant.Time `json:"createdAt"`
}

func newAccountDTO(a account.Account) accountDTO {
	return accountDTO{newProfileDTO(a), a.Email, string(a.Role), newPlanDTO(a.Plan), instant.Time(a.CreatedAt)}
}

// planDTO is what an account has subscribed to.
type planDTO struct {
	MaxStreams int    `json:"maxStreams"`
	OnLimit    string `json:"onLimit"`
	Pause      *int   `json:"pauseSeconds,omitempty"`
}

func newPlanDTO(p account.Plan) planDTO {
	dto := planDTO{MaxStreams: p.MaxStreams, OnLimit: string(p.OnLimit)}
	if p.Pause != nil {
		dto.Pause = new(int(p.Pause.Seconds()))
	}
	return dto
}

func (d planDTO) plan() account.Plan {
	p := account.Plan{MaxStreams: d.MaxStreams, OnLimit: account.OnLimit(d.OnLimit)}
	if d.Pause != nil {
		p.Pause = new(time.Duration(*d.Pause) * time.Second)
	}
	return p
}

// accountPlanDTO is the view of an account for the other services.
type accountPlanDTO struct {
	ID   string  `json:"id"`
	Plan planDTO `json:"plan"`
}

func newAccountPlanDTO(a account.Account) accountPlanDTO {
	return accountPlanDTO{a.ID, newPlanDTO(a.Plan)}
}

// signedInDTO is the answer to a sign-in and to a refresh.
type signedInDTO struct {
	Token        string     `json:"token"`
	TokenType    string     `json:"tokenType"`
	ExpiresIn    int        `json:"expiresIn"`              // seconds
	RefreshToken string     `json:"refreshToken,omitempty"` // unless it is in a cookie
	User         accountDTO `json:"user"`
}

// newRecorded returns a recorded session as session-svc reads it.
func newRecorded(s account.Session) recorded.Session {
	return recorded.Session{
		Device: s.Device, Generation: s.Generation,
		CreatedAt: instant.Time(s.Created), RefreshedAt: instant.Time(s.Refreshed), ExpiresAt: instant.Time(s.Expires),
	}
}
