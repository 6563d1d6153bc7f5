package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"streamgate/libs/fault"
)

// Accounts of other issuers are not known here, but session-svc has the ends of their sessions recorded: it decides about them in a store that may
// forget, and nobody else knows them.

const (
	// MaxEnds is how many ends of single sessions are recorded of an account. With the sessions that live they are fewer than session-svc keeps.
	MaxEnds = 100
	// MaxKeep is the longest time for which ends are recorded: as long as a session of session-svc's can be set to live, and a day.
	MaxKeep = 366 * 24 * time.Hour
	// endTries bounds how often an end is recorded anew since somebody else recorded another one.
	endTries = 20
)

// Ends are the ends of the sessions of an account that is another issuer's.
type Ends struct {
	Each    map[string]time.Time // when a session ended, by its id
	Others  time.Time            // when all sessions but one ended last; zero is never
	But     string               // the one, or "" if all did
	Until   time.Time            // when all of it means nothing any more
	Version int64                // of what is stored, from 1; 0 if nothing is
}

// with returns the ends with one more. Those of before keep mean nothing any more. Beyond MaxEnds, the oldest becomes one of all others: what
// session-svc takes back ends more devices then, but none comes back.
func (e Ends) with(which Ending, at time.Time, keep time.Duration) Ends {
	each := maps.Clone(e.Each)
	if each == nil {
		each = map[string]time.Time{}
	}
	at = later(at, e.Others) // another replica's clock may be ahead
	if which.Others {
		// The one that lives on now may have ended with all others of then.
		if which.Session != "" && e.But != which.Session && e.Others.After(each[which.Session]) {
			each[which.Session] = e.Others
		}
		e.Others, e.But = at, which.Session
	} else {
		each[which.Session] = later(at, each[which.Session])
	}
	maps.DeleteFunc(each, func(of string, ended time.Time) bool {
		return !ended.Add(keep).After(at) || of != e.But && !ended.After(e.Others)
	})
	for len(each) > MaxEnds {
		oldest := ""
		for of, ended := range each {
			if of != e.But && (oldest == "" || ended.Before(each[oldest])) {
				oldest = of
			}
		}
		e.Others = each[oldest]
		delete(each, oldest)
	}
	e.Each = each
	if until := at.Add(keep); until.After(e.Until) {
		e.Until = until
	}
	return e
}

// EndForeign records ends of an account that is another issuer's, for as long as keep. Of an account of our own, EndRecorded does.
func (a *Accounts) EndForeign(ctx context.Context, account string, which Ending, keep time.Duration) error {
	if _, err := a.store.ByID(ctx, account); !errors.Is(err, ErrNotFound) {
		return err
	}
	for range endTries {
		found, err := a.ends.Ends(ctx, account)
		if err != nil {
			return fmt.Errorf("end: %w", err)
		}
		saved, err := a.ends.SaveEnds(ctx, account, found.with(which, a.now(), keep))
		if err != nil {
			return fmt.Errorf("end: %w", err)
		}
		if saved {
			return nil
		}
	}
	return fault.New(fault.Unavailable, "busy", "Too many devices of this account are signed out at once; try again.").After(time.Second)
}

// ForeignEnds returns the ends that are recorded of an account that is another issuer's.
func (a *Accounts) ForeignEnds(ctx context.Context, account string) (Ends, error) {
	return a.ends.Ends(ctx, account)
}

// ForgetEnds removes the ends that mean nothing any more.
func (a *Accounts) ForgetEnds(ctx context.Context) error { return a.ends.ForgetEnds(ctx, a.now()) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
