package redisstore_test

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// newCluster returns the nodes of a Cluster, and a store on it.
func newCluster(t *testing.T, rules stream.Rules) ([]*server, *redisstore.Store, *redis.ClusterClient) {
	t.Helper()
	const nodes, slots = 3, 16384
	var servers []*server
	for n := range nodes {
		s := newServer(t, "--cluster-enabled", "yes", "--cluster-require-full-coverage", "no", "--cluster-node-timeout", "60000", "--save", "")
		s.do(t, "CLUSTER", "ADDSLOTSRANGE", n*slots/nodes, (n+1)*slots/nodes-1)
		servers = append(servers, s)
		s.do(t, "CLUSTER", "MEET", "127.0.0.1", servers[0].port)
	}
	client, err := redisdb.Open(redisdb.Settings{URL: fmt.Sprintf("redis://127.0.0.1:%d", servers[0].port), Mode: "cluster"}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	cluster, _ := client.(*redis.ClusterClient)
	for _, s := range servers {
		one := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port)})
		testkit.Eventually(t, "a node knows all slots", func() bool {
			known, _ := one.ClusterShards(t.Context()).Result()
			return len(known) == nodes && redisdb.ParseInfo(one.ClusterInfo(t.Context()).Val())["cluster_state"] == "ok"
		})
		_ = one.Close()
	}
	return servers, redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{}), cluster
}

// A node that hangs delays no account on another node, however many wait for it.
func TestANodeThatIsAwayKeepsNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	servers, store, cluster := newCluster(t, stream.NewRules(time.Minute))
	hanging := servers[1]
	account := func(there bool) string {
		for {
			id := testkit.NewID()
			node, err := cluster.MasterForKey(t.Context(), "a:{"+id+"}")
			if err != nil {
				t.Fatal(err)
			}
			if there == (node.Options().Addr == fmt.Sprintf("127.0.0.1:%d", hanging.port)) {
				return id
			}
		}
	}
	list := func(id string) error {
		_, err := store.List(t.Context(), id)
		return err
	}
	for range 20 { // connections to all
		if err := list(account(false)); err != nil {
			t.Fatal(err)
		}
	}
	if err := hanging.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hanging.process.Process.Signal(syscall.SIGCONT) })
	away, here := account(true), account(false)
	var waiting sync.WaitGroup
	for range 300 {
		waiting.Go(func() {
			if list(away) == nil {
				t.Error("a node that hangs has answered")
			}
		})
	}
	slowest := time.Duration(0)
	for range 200 {
		began := time.Now()
		if err := list(here); err != nil {
			t.Error(err)
		}
		slowest = max(slowest, time.Since(began))
	}
	if slowest > redisdb.AnswerWithin/3 {
		t.Errorf("a call to another node took %v", slowest)
	}
	waiting.Wait()
}

// On a Cluster every verb returns the same as elsewhere.
func TestVerbsOnACluster(t *testing.T) {
	t.Parallel()
	_, store, _ := newCluster(t, stream.NewRules(time.Minute))
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			s := &screens{store, testkit.NewID(), session.NewID()}
			if _, err := s.Sessions(time.Hour).Open(t.Context(), s.account, session.Session{ID: s.tv}, session.FirstSignIn); err != nil {
				t.Error(err)
			}
			for n := range 4 {
				want := stream.Granted
				if n == 3 {
					want = stream.LimitReached
				}
				if r, err := s.Start(t.Context(), s.account, s.request()); err != nil || r.Outcome != want {
					t.Errorf("start %d: %s, %v", n, r.Outcome, err)
				}
			}
			if s.live(t) != 3 {
				t.Error("not three live")
			}
		})
	}
	all.Wait()
}
