package usersvc

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/recorded"
	"streamgate/session-svc/internal/session"
)

// endForeign records the end of sessions of an account of another issuer's, which a user-svc that is too old doesn't do.
func (c Client) endForeign(ctx context.Context, account string, which session.Selection) error {
	end := recorded.Ending{Others: which.Others, Keep: int64(c.Foreign.Seconds())}
	if which != session.All() {
		end.Session = which.ID.String()
	}
	err := c.Peer.Call(ctx, http.MethodPost, path(account)+"/ends", end, nil)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Ends implements session.Records. A user-svc that is too old knows of none.
func (c Client) Ends(ctx context.Context, account string) (session.Ends, error) {
	var found recorded.Ends
	if err := c.Peer.Call(ctx, http.MethodGet, path(account)+"/ends", nil, &found); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return session.Ends{}, nil
		}
		return session.Ends{}, err
	}
	ends := session.Ends{Each: map[session.ID]time.Time{}}
	for _, each := range found.Sessions {
		id, err := session.ParseID("session", each.Session)
		if err != nil {
			return session.Ends{}, fault.Away("user-svc", fmt.Errorf("ends of %s: %w", account, err))
		}
		ends.Each[id] = time.Time(each.EndedAt)
	}
	if found.Others != nil {
		ends.Others = time.Time(found.Others.EndedAt)
		if found.Others.Session != "" {
			var err error
			if ends.But, err = session.ParseID("others", found.Others.Session); err != nil {
				return session.Ends{}, fault.Away("user-svc", fmt.Errorf("ends of %s: %w", account, err))
			}
		}
	}
	return ends, nil
}
