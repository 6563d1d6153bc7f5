package bench

import (
	"math/rand/v2"
	"slices"
	"strings"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// Shares of a mix, in percent; the rest are heartbeats.
const (
	startShare = 6
	stopShare  = 5
	listShare  = 4
	// hotShare is the percentage of requests for one account, beside what Zipf's law gives it.
	hotShare = 5
	// zipfExponent is the exponent of the popularity of accounts.
	zipfExponent = 1.1
)

// mix is a source of requests of accounts, some much more popular than others.
type mix struct {
	random  *rand.Rand
	zipf    *rand.Zipf
	tokens  []string
	streams [][]string // by account: the streams that are known to play
	pending []asked
	free    []int
}

// asked is a request under way.
type asked struct {
	account int
	start   bool
	text    []byte
}

// mixed returns a mix in which each account has three streams at first.
func (s *stage) mixed() *mix {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same in each run
	last := uint64(len(s.tokens) - 1)     //nolint:gosec // not negative
	m := &mix{random: random, zipf: rand.NewZipf(random, zipfExponent, 1, last), tokens: s.tokens}
	m.streams = make([][]string, len(s.tokens))
	for i := range m.streams {
		m.streams[i] = slices.Clone(s.template.Streams)
	}
	return m
}

// Next implements wire.Source.
func (m *mix) Next() ([]byte, int, bool) {
	if len(m.free) == 0 {
		m.free = append(m.free, len(m.pending))
		m.pending = append(m.pending, asked{})
	}
	slot := m.free[len(m.free)-1]
	m.free = m.free[:len(m.free)-1]
	a := &m.pending[slot]
	*a = asked{account: int(m.zipf.Uint64()), text: a.text} //nolint:gosec // small
	if m.random.IntN(100) < hotShare {
		a.account = 0
	}
	token, streams, dice := m.tokens[a.account], m.streams[a.account], m.random.IntN(100)
	switch {
	case dice < listShare:
		a.text = request("GET", "/streams", token, "")
	case dice < listShare+startShare || len(streams) == 0:
		a.start = true
		a.text = startRequest(token, m.random.IntN(rig.Limit))
	case dice < listShare+startShare+stopShare:
		n := m.random.IntN(len(streams))
		a.text = request("DELETE", "/streams/"+streams[n], token, "")
		m.streams[a.account] = slices.Delete(streams, n, n+1)
	default:
		a.text = request("POST", "/streams/"+streams[m.random.IntN(len(streams))]+"/heartbeat", token, "")
	}
	return a.text, slot, true
}

// Done implements wire.Source.
func (m *mix) Done(slot int, answer wire.Answer) {
	a := &m.pending[slot]
	m.free = append(m.free, slot)
	if id, ok := strings.CutPrefix(answer.Field("Location"), "/streams/"); ok && a.start {
		m.streams[a.account] = append(m.streams[a.account], id)
	}
}
