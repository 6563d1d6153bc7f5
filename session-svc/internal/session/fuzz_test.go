package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/seal"
	"streamgate/session-svc/internal/memstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// nobody are records in which nobody is signed in.
type nobody struct{}

func (nobody) Session(context.Context, string, session.ID) (session.Session, error) {
	return session.Session{}, fault.New(fault.NotFound, "session_not_found", "There is no such session.")
}

func (nobody) End(context.Context, string, session.Selection) error { return nil }

func (nobody) Ends(context.Context, string) (session.Ends, error) { return session.Ends{}, nil }

// FuzzRefresh tries forms of refresh tokens: none but the one that was given out is good, in no other form.
func FuzzRefresh(f *testing.F) {
	store := memstore.New(stream.NewRules(10*time.Second), time.Now)
	sessions := session.New(store.Sessions(24*time.Hour), nobody{}, seal.Keys{make([]byte, 32)})
	_, right, err := sessions.Open(f.Context(), "607c55840e977203b4d8b5e5", "TV", session.FirstSignIn)
	if err != nil {
		f.Fatal(err)
	}
	for _, form := range []string{right, right + "\n", right[:9] + "\r\n" + right[9:], right + "=", right + "A", "", "A"} {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == right {
			return // it is good, once
		}
		if _, _, _, err := sessions.Refresh(t.Context(), token); !errors.Is(err, fault.ErrRefreshToken) {
			t.Fatalf("%q: %v", token, err)
		}
	})
}
