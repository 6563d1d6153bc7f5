package redisemu

import (
	"crypto/sha1" //nolint:gosec // how Redis names scripts
	_ "embed"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/alicebob/miniredis/v2/server"
)

// structLibrary is what scripts use of Redis' struct library: the formats > with I, c and B.
//
//go:embed struct.lua
var structLibrary string

// Scripts returns a hook for scripts that begin with a line #!lua, which says what a script may do and which miniredis would take for Lua.
// The flags on that line are ignored: they matter to a server that is full or a replica, and miniredis is neither. In its place comes the
// struct library, which miniredis lacks, as one line, so that errors name the right ones.
func Scripts() server.Hook {
	library := strings.Join(strings.Fields(structLibrary), " ")
	var known sync.Map // digest of a script as the client has it → as miniredis has it
	return func(_ *server.Peer, command string, args ...string) bool {
		if len(args) == 0 {
			return false
		}
		text := &args[0]
		if command == "SCRIPT" && len(args) == 2 && strings.EqualFold(args[0], "load") {
			text = &args[1]
		}
		switch {
		case command == "EVALSHA":
			if digest, ok := known.Load(args[0]); ok {
				args[0], _ = digest.(string)
			}
		case (command == "EVAL" || command == "SCRIPT") && strings.HasPrefix(*text, "#!lua"):
			named := digest(*text)
			*text = library + (*text)[strings.IndexByte(*text+"\n", '\n'):]
			known.Store(named, digest(*text))
		}
		return false
	}
}

func digest(script string) string {
	sum := sha1.Sum([]byte(script)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
