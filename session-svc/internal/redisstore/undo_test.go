package redisstore_test

import (
	"context"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// hurry is how long a request waits for a start.
const hurry = 250 * time.Millisecond

// screens is an account of three with one device, and its store.
type screens struct {
	*redisstore.Store

	account string
	tv      session.ID
}

func newScreens(t *testing.T, url string) *screens {
	t.Helper()
	s := &screens{account: testkit.NewID(), tv: session.NewID()}
	s.at(t, url)
	opened := session.Session{ID: s.tv, Device: "TV"}
	if _, err := s.Sessions(time.Hour).Open(t.Context(), s.account, opened, session.FirstSignIn); err != nil {
		t.Fatal(err)
	}
	return s
}

// at connects the account to a server that has nothing yet, so that nothing is held back.
func (s *screens) at(t *testing.T, url string) {
	t.Helper()
	s.Store, _ = replica(t, url, stream.NewRules(time.Minute))
	if s.live(t) != 0 { // and learns its clock
		t.Fatal("it begins with streams")
	}
}

// newPairOf returns an account with two stores, of a server that knows the scripts.
func newPairOf(t *testing.T, one, other string) (here, there *screens) {
	t.Helper()
	there = &screens{account: testkit.NewID(), tv: session.NewID()}
	there.at(t, other)
	here = newScreens(t, one)
	there.account, there.tv = here.account, here.tv
	first, err := there.start(t, there.request())
	if err != nil || first.Outcome != stream.Granted {
		t.Fatal(first.Outcome, err)
	}
	if _, err := there.Stop(t.Context(), there.account, stream.Stop{ID: first.Lease.ID, Session: there.tv}); err != nil {
		t.Fatal(err)
	}
	return here, there
}

func (s *screens) request() stream.Start {
	return stream.Start{ID: stream.NewID(), Session: s.tv, Content: content, Device: "TV", Limit: 3}
}

var content = testkit.NewID()

func (s *screens) start(t *testing.T, start stream.Start) (stream.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hurry)
	defer cancel()
	return s.Start(ctx, s.account, start)
}

func (s *screens) live(t *testing.T) int {
	t.Helper()
	result, err := s.List(t.Context(), s.account)
	if err != nil {
		t.Fatal(err)
	}
	return len(result.Live)
}

// refused starts streams at the same time that nobody gets an answer for.
func (s *screens) refused(t *testing.T, starts ...stream.Start) {
	t.Helper()
	var all sync.WaitGroup
	for _, start := range starts {
		all.Go(func() {
			if result, err := s.start(t, start); fault.KindOf(err) != fault.Unavailable {
				t.Error(result.Outcome, err)
			}
		})
	}
	all.Wait()
}

// A start that is answered by 503 takes nothing when Redis wakes: no slot, and not the stream that it would have replaced.
func TestWhatIsRefusedWhileRedisHangsTakesNothing(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	s := newScreens(t, server.url())
	playing := s.request()
	playing.Player = stream.Player{1}
	if result, err := s.start(t, playing); err != nil || result.Outcome != stream.Granted {
		t.Fatal(result.Outcome, err)
	}
	if err := server.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	reload, replaces := s.request(), s.request()
	reload.Player, replaces.Replace = playing.Player, &playing.ID
	s.refused(t, s.request(), s.request(), reload, replaces)
	if err := server.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	renewed, err := s.Renew(t.Context(), s.account, stream.Renewal{ID: playing.ID, Session: s.tv, Limit: 3})
	if err != nil || renewed.Outcome != stream.Renewed {
		t.Error("what played:", renewed.Outcome, err)
	}
	if n := s.live(t); n != 1 {
		t.Errorf("%d streams live, and one was granted", n)
	}
	for range 2 {
		if result, err := s.start(t, s.request()); err != nil || result.Outcome != stream.Granted {
			t.Error("a free slot:", result.Outcome, err)
		}
	}
}

// muted passes connections to a server, and while it is locked no answers.
func muted(t *testing.T, server *server) (url string, answers *sync.RWMutex) {
	t.Helper()
	answers = &sync.RWMutex{}
	return testkit.Intercept(t, server.url(), func(client, redis net.Conn) {
		go func() {
			_, _ = copyUnless(nil, redis, client)
			_ = redis.Close()
		}()
		_, _ = copyUnless(answers, client, redis)
	}), answers
}

func copyUnless(locked *sync.RWMutex, to, from net.Conn) (n int, err error) {
	piece := make([]byte, 64<<10)
	for {
		if n, err = from.Read(piece); err != nil {
			return n, err
		}
		if locked != nil {
			locked.RLock()
			locked.RUnlock() //nolint:staticcheck // it only waits
		}
		if n, err = to.Write(piece[:n]); err != nil {
			return n, err
		}
	}
}

// What was granted and never answered is given back, with what it was paid for.
func TestAGrantWhoseAnswerIsLostIsGivenBack(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	through, answers := muted(t, server)
	s, watching := newPairOf(t, through, server.url())
	burst := stream.NewRules(time.Minute).Starts.Burst
	for range burst / 3 { // with the first, one more than may start at once
		answers.Lock()
		s.refused(t, s.request(), s.request(), s.request())
		answers.Unlock()
		testkit.Eventually(t, "the slots are given back", func() bool { return watching.live(t) == 0 })
	}
	for range 3 {
		if result, err := watching.start(t, watching.request()); err != nil || result.Outcome != stream.Granted {
			t.Error("a free slot:", result.Outcome, err)
		}
	}
}

// A start that was repeated elsewhere under its key belongs to the caller who was told of it.
func TestARepeatedStartIsNotGivenBack(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	through, answers := muted(t, server)
	s, elsewhere := newPairOf(t, through, server.url())
	lost := s.request()
	lost.Named = true
	again := lost
	again.ID = stream.NewID()
	copy(again.ID[:], lost.Name())
	answers.Lock()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.start(t, lost)
	}()
	testkit.Eventually(t, "it is granted", func() bool { return elsewhere.live(t) == 1 })
	result, err := elsewhere.start(t, again)
	if err != nil || result.Outcome != stream.Repeated || result.Lease.ID != lost.ID {
		t.Fatal(result.Outcome, err)
	}
	<-done
	answers.Unlock()
	for range 10 { // calls of the one that gives back, one after the other
		if s.live(t) != 1 {
			t.Fatal("the stream of the second request is gone")
		}
	}
}

// A caller who leaves before the answer takes no slot either, and a retry under the same key is granted.
func TestACallerWhoLeavesTakesNoSlot(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	s := newScreens(t, server.url())
	if err := server.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	named := s.request()
	named.Named = true
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.Start(ctx, s.account, named)
		left <- err
	}()
	time.AfterFunc(20*time.Millisecond, leave)
	if err := <-left; err == nil {
		t.Error("it was granted by a server that hangs")
	}
	if err := server.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the slot is free", func() bool { return s.live(t) == 0 })
	again := named
	again.ID = stream.NewID()
	copy(again.ID[:], named.Name())
	if result, err := s.start(t, again); err != nil || result.Outcome != stream.Granted {
		t.Error(result.Outcome, err)
	}
}

// A start that is given back has told of itself, so its end is told too.
func TestTheEndOfWhatIsGivenBackIsTold(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	through, answers := muted(t, server)
	s, watching := newPairOf(t, through, server.url())
	s.Tell(time.Hour)
	outbox := watching.Tell(time.Hour)
	answers.Lock()
	s.refused(t, s.request())
	answers.Unlock()
	testkit.Eventually(t, "its start and its end are told", func() bool {
		batch, err := outbox.Take(t.Context(), s.account, "sink", "relay", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return len(batch.Events) == 2 && batch.Events[0].Type == events.StreamStarted && batch.Events[1].Type == events.StreamEnded &&
			batch.Events[1].Data.Reason == events.Undone && batch.Events[0].Data.Stream == batch.Events[1].Data.Stream
	})
}
