package bench

import (
	"fmt"
	"math/rand/v2"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// request returns an HTTP request as bytes. A body is JSON.
func request(method, path, token, body string) []byte {
	text := method + " " + path + " HTTP/1.1\r\nHost: streamgate.example\r\nUser-Agent: bench\r\nAuthorization: Bearer " + token + "\r\n"
	switch {
	case body != "":
		text += fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	case method == "POST":
		text += "Content-Length: 0\r\n"
	}
	return []byte(text + "\r\n" + body)
}

func startRequest(token string, nth int) []byte {
	return request("POST", "/streams", token, `{"content":"`+rig.Content+`","device":"`+rig.Devices[nth%rig.Limit]+`"}`)
}

// list is a source of prepared requests, which are sent again and again, or once.
type list struct {
	requests [][]byte
	next     int
	once     bool
}

// Next implements wire.Source.
func (l *list) Next() ([]byte, int, bool) {
	if l.next == len(l.requests) {
		if l.once || l.next == 0 {
			return nil, 0, false
		}
		l.next = 0
	}
	l.next++
	return l.requests[l.next-1], l.next - 1, true
}

// Done implements wire.Source.
func (l *list) Done(int, wire.Answer) {}

// shuffled returns the requests in random order, the same in each run.
func shuffled(requests [][]byte) *list {
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(requests), func(i, j int) { requests[i], requests[j] = requests[j], requests[i] }) //nolint:gosec // as above
	return &list{requests: requests}
}

func (s *stage) heartbeats(tokens []string) *list {
	var requests [][]byte
	for _, token := range tokens {
		for _, id := range s.template.Streams {
			requests = append(requests, request("POST", "/streams/"+id+"/heartbeat", token, ""))
		}
	}
	return shuffled(requests)
}

// lists returns a list of each account's streams, once.
func (s *stage) lists() *list {
	var requests [][]byte
	for _, token := range s.tokens {
		requests = append(requests, request("GET", "/streams", token, ""))
	}
	l := shuffled(requests)
	l.once = true
	return l
}

// starts returns three starts of each account: first the first of each, and so on.
func starts(tokens []string) *list {
	l := &list{once: true}
	for nth := range rig.Limit {
		for _, token := range tokens {
			l.requests = append(l.requests, startRequest(token, nth))
		}
	}
	return l
}

// plays does the same by GET /content/:id/play.
func plays(tokens []string) *list {
	l := &list{once: true}
	for nth := range rig.Limit {
		for _, token := range tokens {
			l.requests = append(l.requests, request("GET", "/content/"+rig.Content+"/play?device=Device+number+"+fmt.Sprintf("%03d", nth), token, ""))
		}
	}
	return l
}

func (s *stage) stops() *list {
	var requests [][]byte
	for _, token := range s.tokens {
		for _, id := range s.template.Streams {
			requests = append(requests, request("DELETE", "/streams/"+id, token, ""))
		}
	}
	l := shuffled(requests)
	l.once = true
	return l
}
