package redisstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// evalshas counts the calls of scripts that a client makes.
type evalshas struct{ n int }

func (*evalshas) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (*evalshas) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (e *evalshas) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if cmd.Name() == "evalsha" {
				e.n++
			}
		}
		return next(ctx, cmds)
	}
}

// Renewals of many accounts go in few calls, and what is wrong with one account is its own trouble.
func TestRenewalsOfManyAccounts(t *testing.T) {
	t.Parallel()
	client := open(t)
	rules := stream.NewRules(time.Minute)
	store := redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
	outbox := store.Tell(time.Hour)
	const accounts = 40
	all := make([]stream.AccountRenewal, accounts)
	for i := range all {
		account := testkit.NewID()
		opened, err := store.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: session.NewID()}, session.FirstSignIn)
		if err != nil {
			t.Fatal(err)
		}
		device := opened.ID
		r, err := store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: device, Content: testkit.NewID(), Limit: 1})
		if err != nil || r.Outcome != stream.Granted {
			t.Fatal(r.Outcome, err)
		}
		all[i] = stream.AccountRenewal{Account: account, Renewal: stream.Renewal{ID: r.Lease.ID, Session: device, Limit: 1}}
	}
	record := func(i int) string { return "a:{" + all[i].Account + "}" }
	want := slices.Repeat([]stream.Outcome{stream.Renewed}, accounts)

	const broken, list, ended, ahead, elsewhere = 3, 17, 18, 30, 39
	want[broken], want[list], want[ended], want[elsewhere] = "", "", stream.Ended, stream.Unknown
	cut := client.Get(t.Context(), record(broken)).Val()
	client.Set(t.Context(), record(broken), cut[:len(cut)-8], 0)
	client.Del(t.Context(), record(list))
	client.LPush(t.Context(), record(list), "no record")
	if _, err := store.Stop(t.Context(), all[ended].Account, stream.Stop{ID: all[ended].ID}); err != nil {
		t.Fatal(err)
	}
	if err := redis.NewScript(sawAhead).Run(t.Context(), client, []string{record(ahead)}, all[ahead].ID[:], 30_000).Err(); err != nil {
		t.Fatal(err)
	}
	all[elsewhere].Session = session.NewID()

	store.RenewAll(t.Context(), all[:1]) // the server knows the script from now on
	var calls evalshas
	client.AddHook(&calls)
	for i, a := range store.RenewAll(t.Context(), all) {
		if a.Result.Outcome != want[i] || (a.Err != nil) != (want[i] == "") {
			t.Errorf("account %d: %q, want %q: %v", i, a.Result.Outcome, want[i], a.Err)
		}
		if a.Err != nil && !strings.Contains(a.Err.Error(), "renew: ") {
			t.Errorf("account %d: %v", i, a.Err)
		}
	}
	if most := accounts/16 + 1 + 3; calls.n > most { // three more for the clock that was ahead
		t.Errorf("%d calls of scripts for %d accounts, want %d at most", calls.n, accounts, most)
	}

	// What one of them tells is told of its own account alone.
	told := func(i int) (types []string) {
		batch, err := outbox.Take(t.Context(), all[i].Account, "sink", "relay", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			types = append(types, string(e.Type))
		}
		return types
	}
	lapsed := redis.NewScript(sawAhead)
	for _, i := range []int{5, 9} {
		if err := lapsed.Run(t.Context(), client, []string{record(i)}, all[i].ID[:], -61_000).Err(); err != nil {
			t.Fatal(err)
		}
	}
	answers := store.RenewAll(t.Context(), all[4:10])
	for n, a := range answers {
		if resumed := n == 1 || n == 5; (a.Result.Outcome == stream.Resumed) != resumed || a.Err != nil {
			t.Errorf("account %d: %s, %v", 4+n, a.Result.Outcome, a.Err)
		}
	}
	for i := 4; i < 10; i++ {
		want := []string{"session.opened", "stream.started"}
		if i == 5 || i == 9 {
			want = append(want, "stream.lapsed", "stream.resumed")
		}
		if got := told(i); !slices.Equal(got, want) {
			t.Errorf("account %d told %q, want %q", i, got, want)
		}
	}
}
