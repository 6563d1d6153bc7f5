package fault

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// Fault is what is wrong with a link, in the words of toxiproxy's API.
type Fault string

// Latency delays each reply by 20 to 60 ms.
const Latency Fault = `{"type":"latency","attributes":{"latency":40,"jitter":20}}`

// Silence takes requests and returns no replies.
const Silence Fault = `{"type":"timeout","attributes":{"timeout":0}}`

// resetting turns every end of a connection into a reset. It does nothing else, since its toxicity is 0.
const resetting Fault = `{"name":"resetting","type":"reset_peer","toxicity":0}`

// LoseReplies closes the connection instead of passing on this share of the replies. Their requests have been carried
// out.
func LoseReplies(share float64) Fault {
	return Fault(fmt.Sprintf(`{"type":"lose","stream":"downstream","attributes":{"share":%g}}`, share))
}

// LoseRequests closes the connection instead of passing on this share of the requests.
func LoseRequests(share float64) Fault {
	return Fault(fmt.Sprintf(`{"type":"lose","stream":"upstream","attributes":{"share":%g}}`, share))
}

// HoldReplies lets the connection hang instead of passing on this share of the replies.
func HoldReplies(share float64) Fault {
	return Fault(fmt.Sprintf(`{"type":"lose","stream":"downstream","attributes":{"share":%g,"hang":true}}`, share))
}

// lose is a toxic of our own: those of toxiproxy choose a connection, not a packet.
type lose struct {
	Share float64 `json:"share"`
	Hang  bool    `json:"hang"`
}

// Pipe implements toxics.Toxic.
func (l *lose) Pipe(stub *toxics.ToxicStub) {
	for chunk := range stub.Input {
		if rand.Float64() < l.Share { //nolint:gosec // chance, no secret
			if !l.Hang {
				stub.Close()
			}
			for range stub.Input {
			}
			break
		}
		stub.Output <- chunk
	}
	stub.Close()
}

var register = sync.OnceFunc(func() { toxics.Register("lose", new(lose)) })

// Link is a connection between two processes that can be broken. Each change ends the open connections.
type Link struct {
	server *toxiproxy.ApiServer

	mu    sync.Mutex
	proxy *toxiproxy.Proxy
}

// NewLink returns a link to an address, host:port.
func NewLink(upstream string) (*Link, error) {
	register()
	l := &Link{server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	return l, l.open("127.0.0.1:0", upstream, nil)
}

func (l *Link) open(listen, upstream string, faults []Fault) error {
	proxy := toxiproxy.NewProxy(l.server, "link", listen, upstream)
	for _, f := range faults {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(string(f))); err != nil {
			return fmt.Errorf("fault %s: %w", f, err)
		}
	}
	l.proxy = proxy
	return proxy.Start()
}

// Addr returns the address at which the link listens, host:port.
func (l *Link) Addr() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proxy.Listen
}

// Set replaces the faults of the link; without any, the link is mended.
func (l *Link) Set(faults ...Fault) error { return l.change("", faults) }

// Reset is like Set, but every connection ends with a reset.
func (l *Link) Reset(faults ...Fault) error {
	return l.change("", append([]Fault{resetting}, faults...))
}

// Lead leads the link to another address.
func (l *Link) Lead(upstream string) error { return l.change(upstream, nil) }

// Down refuses all connections until the next change.
func (l *Link) Down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
}

func (l *Link) change(upstream string, faults []Fault) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proxy.Stop()
	if upstream == "" {
		upstream = l.proxy.Upstream
	}
	return l.open(l.proxy.Listen, upstream, faults)
}

// Close ends the link.
func (l *Link) Close() { l.Down() }
