package password

import (
	"strings"
	"sync"

	"github.com/ccojocar/zxcvbn-go/data"
	"github.com/go-json-experiment/json"
)

// common are the commonest passwords, in lower case, as zxcvbn has them from leaked ones.
var common = sync.OnceValue(func() map[string]bool {
	var ranked struct {
		List []string `json:"list"`
	}
	text, err := data.Asset("data/Passwords.json")
	if err == nil {
		err = json.Unmarshal(text, &ranked, json.MatchCaseInsensitiveNames(true))
	}
	if err != nil || len(ranked.List) == 0 {
		panic("the list of common passwords is not where it was") // the compiler embedded it, and a test reads it
	}
	set := make(map[string]bool, len(ranked.List))
	for _, each := range ranked.List {
		set[strings.ToLower(each)] = true
	}
	return set
})

// IsCommon reports whether a password is one of some 7,000 that are tried first, in whatever case.
func IsCommon(password string) bool { return common()[strings.ToLower(password)] }
