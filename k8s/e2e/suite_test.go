package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

var (
	contextName = flag.String("context", "", "context of kubectl, of a cluster that may be broken; without it nothing is done")
	ingress     = flag.String("url", "http://127.0.0.1", "address of the ingress")
	only        = flag.String("only", "", "regular expression: which parts to do")
)

const (
	// most is how long all parts together may take. After that, what is under way fails and is put back.
	most = 22 * time.Minute
	// content is a clip of content-svc's demo, and lease that of the charts' values.
	content = "607c55840e977203b4d8b5e5"
	lease   = 10 * time.Second
)

// suite is what the parts share.
type suite struct {
	*kube.Cluster

	root     string // folder of the repository
	url      string // of the ingress
	run      string // tells this run's accounts and the like from another's
	watching []*audience.Account
	pressing []*audience.Account
	releases map[string]*kube.Release
	began    time.Time
	rows     []table.Row
}

// part does something on the cluster, and puts it back.
type part struct {
	name string
	do   func(ctx context.Context, t *testing.T, s *suite)
}

// one is a part with one row in the table.
func one(name string, do func(ctx context.Context, t *testing.T, s *suite, row *table.Row)) part {
	return part{name, func(ctx context.Context, t *testing.T, s *suite) {
		s.row(t, name, func(t *testing.T, row *table.Row) { do(ctx, t, s, row) })
	}}
}

func TestStreamgate(t *testing.T) {
	if *contextName == "" {
		t.Skip("-context names no cluster; make e2e does")
	}
	chosen, err := regexp.Compile(*only)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()

	s := begin(ctx, t)
	defer s.print(t)
	for _, p := range []part{
		one("the tour with curl", tour),
		one("the limit at pods of two nodes at once", limitAcrossNodes),
		one("a load, and nothing done", undisturbed),
		one("restricted Pod Security", podSecurity),
		one("each pod knows its version", versions),
		one("each caller's secret at each internal route", callers),
		one("another site beside ours", anotherSite),
		one("Traefik asks at /authorize before another server", authorized),
		one("values that the schema refuses", wrongValues),
		one("secrets, stores and images that aren't there", unreachable),
		one("helm test of the three charts", helmTest),
		{"autoscaler", autoscaler},
		{"upgrade", upgrade},
		one("both workers drained, one after the other", drain),
		one("a pod of each service deleted", deletePods),
		one("a pod of each service killed", killPods),
		one("a process of session-svc crashed", crash),
		one("Redis killed, and back with its volume", killRedis),
		one("a slow pod gets fewer requests", leastLoaded),
		one("no adapter, and its alert", noAdapter),
	} {
		if ctx.Err() == nil && chosen.MatchString(p.name) {
			p.do(ctx, t, s)
		}
	}
	if ctx.Err() != nil {
		t.Errorf("not all was done: %v", context.Cause(ctx))
	}
}

// begin checks that everything is as make deploy left it, and signs up the accounts that watch.
func begin(ctx context.Context, t *testing.T) *suite {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := kube.Connect(*contextName, root)
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{Cluster: cluster, root: root, url: *ingress, releases: map[string]*kube.Release{}, began: time.Now()}
	s.run = fmt.Sprintf("e2e-%x", s.began.Unix())
	if err := s.SettledAll(ctx); err != nil {
		t.Fatalf("this is not as make deploy leaves it: %v\n%s", err, s.Complaints(ctx))
	}
	folder := t.TempDir()
	for _, name := range kube.Services() {
		if s.releases[name], err = s.Release(ctx, name, folder); err != nil {
			t.Fatal(err)
		}
	}
	// Few, since signing in many at once is a load of its own, which makes user-svc scale up.
	const watching, pressing = 16, 2
	accounts := make([]*audience.Account, watching+pressing)
	var signUps errgroup.Group
	signUps.SetLimit(2)
	for i := range accounts {
		signUps.Go(func() (err error) {
			accounts[i], err = audience.SignUp(ctx, s.url, fmt.Sprintf("%s-%d@example.com", s.run, i))
			return err
		})
	}
	putBack(ctx, t, func(ctx context.Context) error {
		var deletions errgroup.Group
		deletions.SetLimit(2)
		for _, account := range accounts {
			if account != nil {
				deletions.Go(func() error { return account.Delete(ctx, s.url) })
			}
		}
		return deletions.Wait()
	})
	if err := signUps.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, s.Complaints(ctx))
	}
	s.watching, s.pressing = accounts[:watching], accounts[watching:]
	return s
}

// row does something that becomes a row of the table.
func (s *suite) row(t *testing.T, name string, do func(t *testing.T, row *table.Row)) {
	t.Helper()
	row, began := table.Row{What: name}, time.Now()
	row.Failed = !t.Run(strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ,:'", r) {
			return '-'
		}
		return r
	}, name), func(t *testing.T) {
		t.Cleanup(func() { row.Skipped = t.Skipped() })
		do(t, &row)
	})
	row.Took = time.Since(began)
	s.rows = append(s.rows, row)
	fmt.Fprintf(os.Stdout, "%5.0f s  %s\n", time.Since(s.began).Seconds(), name)
}

func (s *suite) print(t *testing.T) {
	t.Helper()
	fmt.Fprintln(os.Stdout)
	if err := table.Print(os.Stdout, s.rows); err != nil {
		t.Error(err)
	}
	fmt.Fprintf(os.Stdout, "\n%.0f s in all\n\n", time.Since(s.began).Seconds())
}

// putBack undoes something when the test is over, however it ended, even if it was interrupted.
func putBack(ctx context.Context, t *testing.T, undo func(ctx context.Context) error) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Minute)
		defer cancel()
		if err := undo(ctx); err != nil {
			t.Errorf("not put back: %v", err)
		}
	})
}

// must ends the test on an error, and shows what the services and the ingress say.
func (s *suite) must(ctx context.Context, t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v\n%s", err, s.Complaints(context.WithoutCancel(ctx)))
	}
}
