package httpapi

import (
	"streamgate/libs/instant"
	"streamgate/libs/recorded"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// leaseDTO is a stream as clients see it.
type leaseDTO struct {
	ID                string       `json:"id"`
	Content           string       `json:"content"`
	Device            string       `json:"device"`
	StartedAt         instant.Time `json:"startedAt"`
	ExpiresAt         instant.Time `json:"expiresAt"`
	HeartbeatInterval float64      `json:"heartbeatInterval,omitzero"` // seconds
	Ticket            string       `json:"ticket,omitzero"`            // to be sent with heartbeats
	CMCD              string       `json:"cmcd,omitzero"`              // where a player may report, of a start
}

func newLeaseDTO(l stream.Lease) leaseDTO {
	return leaseDTO{
		ID: l.ID.String(), Content: l.Content, Device: l.Device, StartedAt: instant.Time(l.Started), ExpiresAt: instant.Time(l.Expires),
	}
}

func newLeaseDTOs(leases []stream.Lease) []leaseDTO {
	all := make([]leaseDTO, len(leases))
	for i, l := range leases {
		all[i] = newLeaseDTO(l)
	}
	return all
}

// streamsDTO is what plays.
type streamsDTO struct {
	Limit   *int       `json:"limit,omitempty"` // where it is known
	Active  int        `json:"active"`
	Streams []leaseDTO `json:"streams"`
}

func newStreamsDTO(leases []stream.Lease) streamsDTO {
	return streamsDTO{Active: len(leases), Streams: newLeaseDTOs(leases)}
}

// limited adds the limit of the account.
func (d streamsDTO) limited(limit int) streamsDTO {
	d.Limit = &limit
	return d
}

// startDTO are the options of a start.
type startDTO struct {
	Content string `json:"content"`
	Player  string `json:"player"`
	Device  string `json:"device"`
	Replace string `json:"replace"`
}

// startedDTO is the answer to a start.
type startedDTO struct {
	Source string   `json:"source"`
	Stream leaseDTO `json:"stream"`
}

// sessionDTO is a device session as its owner sees it.
type sessionDTO struct {
	ID          string       `json:"id"`
	Device      string       `json:"device"`
	Current     bool         `json:"current"` // the one that asks
	CreatedAt   instant.Time `json:"createdAt"`
	RefreshedAt instant.Time `json:"refreshedAt"`
	ExpiresAt   instant.Time `json:"expiresAt"`
}

func newSessionDTO(s session.Session, current session.ID) sessionDTO {
	return sessionDTO{
		ID: s.ID.String(), Device: s.Device, Current: s.ID == current,
		CreatedAt: instant.Time(s.Created), RefreshedAt: instant.Time(s.Refreshed), ExpiresAt: instant.Time(s.Expires),
	}
}

// openedDTO is what user-svc sees of a session that was opened or refreshed, and records.
type openedDTO struct {
	Account      string `json:"account"`
	ID           string `json:"id"`
	RefreshToken string `json:"refreshToken"`
	recorded.Session
}

func newOpenedDTO(account string, s session.Session, token string) openedDTO {
	return openedDTO{
		Account: account, ID: s.ID.String(), RefreshToken: token,
		Session: recorded.Session{
			Device: s.Device, Generation: s.Generation,
			CreatedAt: instant.Time(s.Created), RefreshedAt: instant.Time(s.Refreshed), ExpiresAt: instant.Time(s.Expires),
		},
	}
}

// planDTO is a plan; user-svc checks it.
type planDTO struct {
	MaxStreams *int    `json:"maxStreams,omitempty"`
	OnLimit    *string `json:"onLimit,omitempty"`
	Pause      *int    `json:"pauseSeconds,omitempty"`
}

// accountPlanDTO is an account's plan as user-svc tells it.
type accountPlanDTO struct {
	ID   string  `json:"id"`
	Plan planDTO `json:"plan"`
}
