package player

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"streamgate/k8s/load/history"
)

// System is what the players use.
type System struct {
	Sessions []string // public addresses of the replicas of session-svc
	Contents []string // of content-svc; none if no video is fetched
	// SignIn signs a device in.
	SignIn    func(ctx context.Context, account string) (*Device, error)
	Transport http.RoundTripper
}

// Options of a load.
type Options struct {
	Accounts int
	Players  int  // of each account, more than the limit
	Video    int  // on how many of the accounts the players fetch video instead of sending heartbeats
	Asked    int  // on how many of these a server asks at session-svc about each request, instead of content-svc sending it
	Tokens   bool // half of these players start by a token, without a start of their own
	Lease    time.Duration
	Timeout  time.Duration // of a request
	Content  string
	SignOuts bool
	Seed     uint64
}

// devices is how many devices of an account are signed in.
const devices = 3

// Load is many players at once.
type Load struct {
	system   System
	options  Options
	recorder *history.Recorder
	accounts []*account
	ended    chan struct{}
	running  sync.WaitGroup
	gate     sync.RWMutex // held for reading during a request
}

type account struct {
	id    string
	video bool
	asked bool

	mu      sync.Mutex
	devices [devices]*Device
}

func (a *account) device(i int) *Device {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.devices[i]
}

func (a *account) setDevice(i int, d *Device) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.devices[i] = d
}

// Begin signs all devices in and lets the players loose.
func Begin(ctx context.Context, system System, o Options, recorder *history.Recorder) (*Load, error) {
	l := &Load{system: system, options: o, recorder: recorder, ended: make(chan struct{})}
	for i := range o.Accounts {
		a := &account{id: NewAccount(), video: i < o.Video, asked: i < o.Asked}
		for n := range a.devices {
			d, err := system.SignIn(ctx, a.id)
			if err != nil {
				return nil, fmt.Errorf("sign in: %w", err)
			}
			a.devices[n] = d
		}
		l.accounts = append(l.accounts, a)
	}
	client := 0
	for _, a := range l.accounts {
		for n := range o.Players {
			client++
			random := rand.New(rand.NewPCG(o.Seed, uint64(client))) //nolint:gosec // chooses what players do
			p := &viewer{
				Client: NewClient(client, o.Timeout, recorder, system.Transport), load: l, account: a, device: n % devices, random: random,
				name: fmt.Sprintf("player %d", client),
			}
			l.running.Go(func() { p.live(ctx) })
		}
	}
	return l, nil
}

// Still runs f while no player asks anything, after the requests under way have been answered.
func (l *Load) Still(f func()) {
	l.gate.Lock()
	defer l.gate.Unlock()
	f()
}

// End lets each player stop its stream, or die, and waits for it.
func (l *Load) End() {
	close(l.ended)
	l.running.Wait()
}

// Accounts returns the ids of the accounts.
func (l *Load) Accounts() []string {
	ids := make([]string, len(l.accounts))
	for i, a := range l.accounts {
		ids[i] = a.id
	}
	return ids
}

// NewAccount returns the id of a new account.
func NewAccount() string {
	return fmt.Sprintf("%08x%016x", uint32(time.Now().Unix()), rand.Uint64()) //nolint:gosec // a name, no secret
}
