package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// allowed makes a user of these rights, and returns the server's address for it.
func (s *server) allowed(t *testing.T, name, rights string) string {
	t.Helper()
	args := []any{"ACL", "SETUSER", name, "reset", "on", ">secret", "resetchannels"}
	for right := range strings.FieldsSeq(rights) {
		args = append(args, right)
	}
	s.do(t, args...)
	return fmt.Sprintf("redis://%s:secret@127.0.0.1:%d/0", name, s.port)
}

// prepared tries the rights as start-up does.
func prepared(t *testing.T, url string) error {
	t.Helper()
	client, err := redisdb.Open(redisdb.Settings{URL: url}, "test", redisstore.NewGuard(time.Second).Look)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	return redisstore.RequireRights(client).Do(t.Context())
}

// everything does all that the service does, and fails if it may not.
func everything(t *testing.T, url string) {
	t.Helper()
	s := newScreens(t, url)
	sessions := s.Sessions(time.Hour)
	check := func(verb string, err error) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", verb, err)
		}
	}
	granted, err := s.Start(t.Context(), s.account, s.request())
	check("start", err)
	evicting := s.request()
	evicting.Replace = &granted.Lease.ID
	granted, err = s.Start(t.Context(), s.account, evicting)
	check("replace", err)
	_, err = s.Renew(t.Context(), s.account, stream.Renewal{ID: granted.Lease.ID, Session: s.tv, Limit: 3})
	check("renew", err)
	_, err = s.Stop(t.Context(), s.account, stream.Stop{ID: granted.Lease.ID, Session: s.tv})
	check("stop", err)
	_, err = s.List(t.Context(), s.account)
	check("list", err)
	check("limit", s.SetLimit(t.Context(), s.account, 2))
	for range session.MaxSessions + 1 {
		_, err = sessions.Open(t.Context(), s.account, session.Session{ID: session.NewID()}, session.LaterSignIn)
		check("open", err)
	}
	_, err = sessions.Adopt(t.Context(), s.account, session.Session{ID: session.NewID(), Expires: time.Now().Add(time.Hour)})
	check("adopt", err)
	_, _, err = sessions.Refresh(t.Context(), s.account, session.Refresh{ID: s.tv, Generation: 1})
	check("refresh", err)
	_, err = sessions.List(t.Context(), s.account)
	check("sessions", err)
	check("end", sessions.End(t.Context(), s.account, session.Only(s.tv), ""))
	check("end others", sessions.End(t.Context(), s.account, session.Selection{ID: s.tv, Others: true}, ""))
}

// What a user lacks is named at start-up, each right of it, with the line that gives it.
func TestWhatAUserLacksIsNamed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	without := func(right string) string { return strings.ReplaceAll(redisstore.Rights, right, "") }
	for lacks, rights := range map[string]string{
		"+get":            redisstore.Rights + " -get",
		"+publish":        redisstore.Rights + " -publish",
		"+eval":           redisstore.Rights + " -eval",
		"+evalsha":        redisstore.Rights + " -evalsha",
		"+hset +pexpire":  redisstore.Rights + " -hset -pexpire",
		"+subscribe":      redisstore.Rights + " -subscribe",
		"+unsubscribe":    redisstore.Rights + " -unsubscribe",
		"+info":           without("+info"),
		"+client|setname": redisstore.Rights + " -client|setname",
		"~a:*":            without("~a:*"),
		"~s:*":            without("~s:*"),
		"~promoted:*":     without("~promoted:*"),
		"&a:*":            without("&a:*"),
		"&ends ~s:*":      strings.ReplaceAll(without("&ends"), "~s:*", "%R~s:*"),
	} {
		t.Run(lacks, func(t *testing.T) {
			t.Parallel()
			user := regexp.MustCompile(`\W`).ReplaceAllString(t.Name(), "-")
			err := prepared(t, server.allowed(t, user, rights))
			if err == nil {
				t.Fatal("it starts")
			}
			for right := range strings.FieldsSeq(lacks + " ") {
				if named, _, _ := strings.Cut(err.Error(), ";"); !strings.Contains(named+" ", " "+right+" ") {
					t.Errorf("%s is not named in: %v", right, err)
				}
			}
			if !strings.Contains(err.Error(), "ACL SETUSER "+user+" "+redisstore.Rights) {
				t.Error(err)
			}
		})
	}
}

// What start-up names is all that is needed: a user who is given that alone may do everything.
func TestNothingIsNeededThatIsNotNamed(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	rights := "-@all"
	for range 100 {
		err := prepared(t, server.allowed(t, "least", rights))
		if err == nil {
			break
		}
		_, named, _ := strings.Cut(err.Error(), " lacks ")
		named, _, _ = strings.Cut(named, ";")
		rights += " " + named
	}
	everything(t, server.allowed(t, "least", rights))
}

// The rights that the documents give are those of the code, and with them everything works.
func TestTheRightsOfTheDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"../../README.md", "../../../k8s/redis/templates/secrets.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), " "+redisstore.Rights+"\n") {
			t.Errorf("%s has not got: %s", name, redisstore.Rights)
		}
	}
	url := newServer(t).allowed(t, "app", redisstore.Rights)
	if err := prepared(t, url); err != nil {
		t.Error(err)
	}
	everything(t, url)
}

// A notice that may not be sent fails nothing: what was decided and written counts.
func TestANoticeThatCanNotBeSentFailsNothing(t *testing.T) {
	t.Parallel()
	everything(t, newServer(t).allowed(t, "quiet", redisstore.Rights+" -publish resetchannels"))
}

// A server that is away is waited for.
func TestRightsOfAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	server.kill()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	client, err := redisdb.Open(redisdb.Settings{URL: server.url()}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := redisstore.RequireRights(client).Do(ctx); err == nil || strings.Contains(err.Error(), "ACL") {
		t.Error(err)
	}
}
