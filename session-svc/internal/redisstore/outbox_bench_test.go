package redisstore_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// BenchmarkEvents measures what a start and a renewal take inside Redis, without events and with them, on accounts of three streams.
// It wants a Redis that nobody else uses, in TEST_REDIS_URL.
func BenchmarkEvents(b *testing.B) {
	rules := stream.NewRules(time.Minute)
	rules.Starts = stream.Starts{Every: time.Millisecond, Burst: 1_000_000}
	for _, told := range []bool{false, true} {
		client := open(b)
		store := redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
		if told {
			store.Tell(time.Hour)
		}
		account := testkit.NewID()
		opened, err := store.Sessions(time.Hour).Open(b.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.FirstSignIn)
		if err != nil {
			b.Fatal(err)
		}
		var id stream.ID
		start := func() {
			request := stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Device: "TV", Limit: 3}
			if id != (stream.ID{}) {
				request.Replace = &id
			}
			if r, err := store.Start(b.Context(), account, request); err != nil || r.Outcome != stream.Granted {
				b.Fatal(r.Outcome, err)
			}
			id = request.ID
		}
		for range 2 {
			start()
			id = stream.ID{}
		}
		start()
		for name, do := range map[string]func(){
			"start": start,
			"renew": func() {
				r, err := store.Renew(b.Context(), account, stream.Renewal{ID: id, Session: opened.ID, Limit: 3})
				if err != nil || r.Outcome != stream.Renewed {
					b.Fatal(r.Outcome, err)
				}
			},
		} {
			b.Run(fmt.Sprintf("%s/told=%t", name, told), func(b *testing.B) {
				if err := client.ConfigResetStat(b.Context()).Err(); err != nil {
					b.Skip(err)
				}
				for range b.N {
					do()
				}
				stats := client.Info(b.Context(), "commandstats").Val()
				if found := regexp.MustCompile(`cmdstat_evalsha:.*?usec_per_call=([0-9.]+)`).FindStringSubmatch(stats); found != nil {
					took, _ := strconv.ParseFloat(found[1], 64)
					b.ReportMetric(took, "script-µs/op")
				}
			})
		}
	}
}
