package stream

import (
	"context"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/session-svc/internal/session"
)

// Activity is what a player says that it does.
type Activity uint8

// The activities.
const (
	Waits  Activity = iota // it has not begun to play: nothing is said of its stream
	Plays                  // or is about to, or waits for film
	Pauses                 // it may go on
	Over                   // it is at the end, or has given up; a person may play it again
)

var errTicket = fault.New(fault.NotFound, "ticket_not_found", "There is no such ticket; take the address from the answer to the start of the stream.")

// ReportTicket returns what the player of a lease may report by. It is good for nothing else.
func (s *Streams) ReportTicket(caller Caller, lease Lease) (string, error) {
	return s.grants.SealTicket(grant.Ticket{Pause: caller.Pause, Grant: grant.Grant{
		Stream: lease.ID.String(), Account: caller.Account, Session: lease.Session.String(), Content: lease.Content, Player: lease.Player,
		Limit: caller.Limit, Started: lease.Started, Expires: lease.Started.Add(session.GrantFor), Foreign: caller.Seen != nil,
	}})
}

// CheckTicket fails unless a text is a ticket of ours, however old.
func (s *Streams) CheckTicket(ticket string) error {
	if _, err := s.grants.ReadTicket(ticket); err != nil {
		return errTicket.Because(err)
	}
	return nil
}

// Report does what the activity of a ticket's stream asks for. A player that plays sends a heartbeat by it; one that pauses holds its slot for
// as long as the plan said when the stream started, or Rules.Pause, and one whose film is over for no longer. Live reports whether it holds a slot then.
func (s *Streams) Report(ctx context.Context, ticket string, does Activity) (live bool, err error) {
	t, err := s.grants.ReadTicket(ticket) // how long it is good, the store knows: it remembers when it was used last
	if err != nil {
		return false, errTicket.Because(err)
	}
	r, err := s.renewing(t.Grant)
	if err != nil {
		return false, err
	}
	switch does {
	case Pauses:
		r.Paused, r.Hold = true, s.rules.Pause
		if t.Pause != nil {
			r.Hold = *t.Pause
		}
	case Over:
		r.Paused = true
	case Plays, Waits:
		r.Heartbeat = true
	}
	result, err := s.renew(ctx, r.Account, r.Session, r.Seen, func() (Result, error) { return s.store.Renew(ctx, r.Account, r.Renewal) })
	return result.Holds > 0, err
}
