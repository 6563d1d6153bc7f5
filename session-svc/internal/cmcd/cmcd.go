package cmcd

import (
	"bytes"

	"github.com/dunglas/httpsfv"

	"streamgate/libs/fault"
	"streamgate/session-svc/internal/stream"
)

// MediaTypes are those that a body may have. The second is what a page can post to another site without asking beforehand.
var MediaTypes = []string{"application/cmcd", "text/plain"}

// mostLines bounds how many lines of a body are looked at, from its end on. Players post a few at once.
const mostLines = 256

// states are the values of sta, the state of the player: starting, playing, seeking, rebuffering, waiting (which dash.js is at each seek);
// preloading; paused; ended, fatal error, quit. One that is preloading may play at any moment or never: its lease is left as it is.
var states = map[httpsfv.Token]stream.Activity{
	"s": stream.Plays, "p": stream.Plays, "k": stream.Plays, "r": stream.Plays, "w": stream.Plays, "a": stream.Pauses, "d": stream.Waits,
	"e": stream.Over, "f": stream.Over, "q": stream.Over,
}

// Read returns what the last event of a body says that the player does. Each line is an event, in the order in which they happened; lines that
// are none are ignored. Its error is that of a body without any.
func Read(body []byte) (stream.Activity, error) {
	body = bytes.TrimSpace(body)
	for range mostLines {
		at := bytes.LastIndexByte(body, '\n')
		if does, ok := readEvent(string(bytes.TrimSpace(body[at+1:]))); ok {
			return does, nil
		}
		if at < 0 {
			break
		}
		body = body[:at]
	}
	return stream.Waits, fault.BadField("body", "has no event of CMCD version 2 such as e=ps,sta=p; each line is a dictionary of RFC 9651 that has e")
}

// readEvent reads a line such as bl=(23900),e=t,sid="9ae0…",sn=5,sta=p,ts=1795810306952,v=2.
func readEvent(line string) (does stream.Activity, ok bool) {
	fields, err := httpsfv.UnmarshalDictionary([]string{line})
	if err != nil {
		return stream.Waits, false
	}
	event, ok := token(fields, "e")
	if !ok {
		return stream.Waits, false
	}
	state, told := token(fields, "sta")
	if does, known := states[state]; known {
		return does, true
	}
	if event == "e" && !told { // an error, of a player that tells no states
		return stream.Over, true
	}
	return stream.Plays, true // it lives, and says no more
}

func token(fields *httpsfv.Dictionary, key string) (httpsfv.Token, bool) {
	member, _ := fields.Get(key)
	item, _ := member.(httpsfv.Item)
	value, ok := item.Value.(httpsfv.Token)
	return value, ok
}
