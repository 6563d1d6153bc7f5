package issuer_test

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"streamgate/session-svc/internal/issuer"
)

func TestEveryFaultIsNamed(t *testing.T) {
	t.Parallel()
	private := strings.ReplaceAll(pemOf(t, ownKey.Public().(ed25519.PublicKey)), "PUBLIC", "PRIVATE")
	for text, want := range map[string]string{
		``:   "",
		`[]`: "",
		`{}`: "ISSUERS: is not a list of objects in JSON, each name once",
		`[{"issuer":"https://a.example.com","issuer":"https://b.example.com"}]`: "ISSUERS: is not a list of objects in JSON, each name once",
		`[{}]`: "ISSUERS: [0].issuer: missing\nISSUERS: [0].audience: missing",
		`[{"issuer": "https://id.example.com", "audience": ["tv"]}]`:                                                           "",
		`[{"issuer": "https://id.example.com", "audience": ["tv"]}, {"issuer": "https://id.example.com", "audience": ["tv"]}]`: "ISSUERS: [1].issuer: is the same",
		`[{"issuer": "streamgate", "jwksUrl": "https://id.example.com/keys", "audience": ["tv"]}]`:                             "ISSUERS: [0].issuer: is user-svc's own name",
		`[{"issuer": "backend", "audience": ["tv"]}]`:                                                                          "ISSUERS: [0].issuer: must be an address",
		`[{"issuer": "https://id.example.com?x", "audience": ["tv"]}]`:                                                         "ISSUERS: [0].issuer: must be an address",
		`[{"issuer": "https://id.example.com", "audience": "tv"}]`:                                                             "ISSUERS: [0].audience: must be a list of texts",
		`[{"issuer": "https://id.example.com", "audience": []}]`:                                                               "ISSUERS: [0].audience: must have 1 to 100 different texts",
		`[{"issuer": "https://id.example.com", "audience": ["tv", "tv", ""]}]`:                                                 "ISSUERS: [0].audience: must have 1 to 100 different texts",
		`[{"issuer": "https://id.example.com", "require": {"azp": "tv"}}]`:                                                     "ISSUERS: [0].require: must be an object of lists",
		`[{"issuer": "https://id.example.com", "require": {"azp": []}}]`:                                                       "ISSUERS: [0].require.azp: must have",
		`[{"issuer": "a", "jwksUrl": "keys", "audiences": ["tv"], "require": {"azp": ["tv"]}, "algorithms": ["RS256", "HS256", "none"], "claims": {"limit": "streams", "device": "d"},
		   "maxStreams": 0, "onLimit": "explode"}]`: "ISSUERS: [0].maxStreams: must be 1 to 100\nISSUERS: [0].jwksUrl: must be an address\n" +
			"ISSUERS: [0].algorithms: has \"HS256\"\nISSUERS: [0].algorithms: has \"none\"\nISSUERS: [0].claims.device: is not known\nISSUERS: [0].ceiling: missing\n" +
			"ISSUERS: [0].onLimit: must be deny or evict-oldest\nISSUERS: [0].audiences: is not known",
		`[{"issuer": "a", "jwksUrl": "https://id.example.com/keys", "publicKeys": [], "audience": ["tv"]}]`:             "ISSUERS: [0].publicKeys: must have 1 to 10 keys\nISSUERS: [0].jwksUrl, publicKeys: only one",
		`[{"issuer": "a", "jwks": {"keys": []}, "audience": ["tv"]}]`:                                                   "ISSUERS: [0].jwks: must be a JSON Web Key Set of public keys",
		`[{"issuer": "a", "jwksUrl": "https://u:p@id.example.com/keys", "audience": ["tv"]}]`:                           "ISSUERS: [0].jwksUrl: must be an address",
		`[{"issuer": "https://id.example.com", "audience": ["tv"], "maxStreams": 5, "ceiling": 4}]`:                     "ISSUERS: [0].ceiling: is less than maxStreams, 5",
		`[{"issuer": "a", "publicKeys": ["` + strings.ReplaceAll(private, "\n", `\n`) + `", "x"], "audience": ["tv"]}]`: "ISSUERS: [0].publicKeys[0]: is not one public key\nISSUERS: [0].publicKeys[1]: is not one public key",
	} {
		_, faults := issuer.Parse(text, own)
		var got []string
		if err := errors.Join(faults...); err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		var wanted []string
		if want != "" {
			wanted = strings.Split(want, "\n")
		}
		for i := range got {
			if i < len(wanted) && strings.HasPrefix(got[i], wanted[i]) {
				got[i] = wanted[i]
			}
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}
