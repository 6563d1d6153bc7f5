package issuer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	libconfig "streamgate/libs/config"
	"streamgate/libs/jwtauth"
)

// variable is the setting that Parse reads.
const variable = "ISSUERS"

// Bounds of a setting.
const (
	mostIssuers = 20
	mostValues  = 100 // of a list
	mostKeys    = 10  // in PEM: a token may be of each of them
	longestText = 255 // bytes of a name or a value, in settings and in claims
)

// Setting is one issuer and what its tokens mean.
type Setting struct {
	Issuer     string              // claim iss
	JWKSURL    string              // where it publishes its keys; "" if it says so by OpenID discovery, or has StaticKeys
	StaticKeys jwtauth.KeySource   // keys that don't change, or nil
	Audience   []string            // one of which claim aud must have; none: any
	Require    map[string][]string // claims that must have one of these values
	Algorithms []string            // of jwtauth.Algorithms
	Claims     ClaimNames
	MaxStreams int  // of a token that doesn't say
	Ceiling    int  // of one that does
	Evicts     bool // of a token that doesn't say: a start at the limit ends the oldest stream
}

// ClaimNames are the names of the claims that are read. "" is not read.
type ClaimNames struct {
	Account string // who it is; text
	Session string // what is the same for each token of one device that is signed in; text or a whole number
	Limit   string // streams at once; a whole number
	OnLimit string // deny or evict-oldest
	Pause   string // for how many seconds a player that is paused holds its slot; a whole number
	Content string // the only content that may be started; 24 hex digits
}

// The two values of onLimit.
const (
	deny  = "deny"
	evict = "evict-oldest"
)

// Parse reads the issuers, a list in JSON whose fields charts/doors/identity.md describes, and returns all of its faults, each with the field's name
// and the remedy.
// Own is user-svc's name as an issuer.
func Parse(text, own string) ([]Setting, []error) {
	if text == "" {
		return nil, nil
	}
	var faults libconfig.Faults
	var list []map[string]jsontext.Value
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, []error{fmt.Errorf("%s: is not a list of objects in JSON, each name once: %w", variable, err)}
	}
	faults.Check(len(list) <= mostIssuers, "%s: has %d issuers; at most %d", variable, len(list), mostIssuers)
	settings := make([]Setting, len(list))
	for i, members := range list {
		o := &object{at: fmt.Sprintf("%s: [%d].", variable, i), members: members, faults: &faults}
		settings[i] = o.setting()
		name := settings[i].Issuer
		o.check(name != own, "issuer", "is user-svc's own name; it must be another (iss)")
		again := name != "" && slices.ContainsFunc(settings[:i], func(s Setting) bool { return s.Issuer == name })
		o.check(!again, "issuer", "is the same as that of an entry before; an issuer has one entry")
	}
	return settings, faults
}

// object is a JSON object whose members are taken one by one, and where each fault is noted by the member's name.
type object struct {
	at      string
	members map[string]jsontext.Value
	faults  *libconfig.Faults
	known   []string
}

func (o *object) check(right bool, name, remedy string) {
	o.faults.Check(right, "%s%s: %s", o.at, name, remedy)
}

// take reads a member and reports whether it is there. The form says what it must be.
func (o *object) take(name, form string, into any) bool {
	o.known = append(o.known, name)
	value, given := o.members[name]
	if !given || string(value) == "null" {
		return false
	}
	err := json.Unmarshal(value, into)
	o.check(err == nil, name, "must be "+form)
	return err == nil
}

func (o *object) text(name string) string {
	var text string
	if o.take(name, "text", &text) {
		o.check(text != "" && len(text) <= longestText, name, fmt.Sprintf("must be text of 1 to %d bytes; leave it out if there is none", longestText))
	}
	return text
}

// list reads a list of different texts.
func (o *object) list(name string) []string {
	var list []string
	if o.take(name, "a list of texts", &list) {
		o.check(fit(list), name, fmt.Sprintf("must have 1 to %d different texts; leave it out if there is none", mostValues))
	}
	return list
}

func fit(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(list) > 0 && len(list) <= mostValues && sorted[0] != "" && len(slices.Compact(sorted)) == len(list)
}

// limit reads a number of streams.
func (o *object) limit(name string) int {
	var n int
	if o.take(name, "a whole number", &n) {
		o.check(n >= 1 && n <= jwtauth.MaxLimit, name, fmt.Sprintf("must be 1 to %d streams", jwtauth.MaxLimit))
	}
	return n
}

// end notes the members that were not taken.
func (o *object) end() {
	for _, name := range slices.Sorted(maps.Keys(o.members)) {
		o.check(slices.Contains(o.known, name), name, "is not known; there is "+strings.Join(o.known, ", "))
	}
}

func (o *object) setting() Setting {
	s := Setting{
		Issuer: o.text("issuer"), JWKSURL: o.text("jwksUrl"), Audience: o.list("audience"), Algorithms: o.list("algorithms"), MaxStreams: o.limit("maxStreams"),
		Ceiling: o.limit("ceiling"),
	}
	o.check(s.Issuer != "" || o.members["issuer"] != nil, "issuer", "missing; set what the tokens have in iss")
	o.check(!strings.ContainsFunc(s.Issuer, unicode.IsControl), "issuer", "has control characters; leave them out")
	s.StaticKeys = o.staticKeys()
	o.whereKeysAre(s)
	if !o.take("require", "an object of lists of texts, such as {\"token_use\": [\"access\"]}", &s.Require) {
		s.Require = nil
	}
	for name, values := range s.Require {
		o.check(name != "" && fit(values), "require."+name, fmt.Sprintf("must have 1 to %d different texts", mostValues))
	}
	o.check(len(s.Audience) > 0 || len(s.Require) > 0 || o.members["audience"] != nil || o.members["require"] != nil, "audience",
		"missing; set it, or in require what stands for it, lest tokens for other applications of this issuer be accepted")
	for _, algorithm := range s.Algorithms {
		o.check(slices.Contains(jwtauth.Algorithms, algorithm), "algorithms",
			fmt.Sprintf("has %q; there is %s", algorithm, strings.Join(jwtauth.Algorithms, ", ")))
	}
	if s.Algorithms == nil {
		s.Algorithms = jwtauth.Algorithms
	}
	s.Claims = o.claims()
	s.MaxStreams = cmp.Or(s.MaxStreams, 3) // as user-svc's plans have it
	o.check(s.Claims.Limit == "" || s.Ceiling > 0 || o.members["ceiling"] != nil, "ceiling",
		"missing; set the most streams that a token may ask for by claims.limit")
	o.check(s.Ceiling == 0 || s.MaxStreams <= s.Ceiling, "ceiling", fmt.Sprintf("is less than maxStreams, %d; it must be at least that", s.MaxStreams))
	s.Evicts = o.evicts()
	o.end()
	return s
}

func (o *object) evicts() bool {
	var onLimit string
	given := o.take("onLimit", deny+" or "+evict, &onLimit)
	o.check(!given || onLimit == deny || onLimit == evict, "onLimit", "must be "+deny+" or "+evict)
	return onLimit == evict
}

func (o *object) claims() ClaimNames {
	names := ClaimNames{Account: "sub"}
	var members map[string]jsontext.Value
	if !o.take("claims", "an object of the names of claims, such as {\"session\": \"sid\"}", &members) {
		return names
	}
	c := &object{at: o.at + "claims.", members: members, faults: o.faults}
	if account := c.text("account"); account != "" {
		names.Account = account
	}
	names.Session, names.Limit, names.OnLimit, names.Content = c.text("session"), c.text("limit"), c.text("onLimit"), c.text("content")
	names.Pause = c.text("pause")
	c.end()
	return names
}

// staticKeys reads publicKeys or jwks; nil if there is neither.
func (o *object) staticKeys() jwtauth.KeySource {
	var set jsontext.Value
	if o.take("jwks", "a JSON Web Key Set", &set) {
		keys, err := jwtauth.ParseJWKS(set)
		o.check(err == nil, "jwks", fmt.Sprintf("must be a JSON Web Key Set of public keys: %v", err))
		return keys
	}
	var texts []string
	if !o.take("publicKeys", "a list of public keys in PEM", &texts) {
		return nil
	}
	o.check(len(texts) > 0 && len(texts) <= mostKeys, "publicKeys", fmt.Sprintf("must have 1 to %d keys", mostKeys))
	var keys jwtauth.Nameless
	for i, text := range texts {
		key, err := jwtauth.ParsePEM(text)
		if err != nil {
			o.check(false, fmt.Sprintf("publicKeys[%d]", i), err.Error())
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// whereKeysAre checks that the keys are in one place.
func (o *object) whereKeysAre(s Setting) {
	var places []string
	for _, name := range []string{"jwksUrl", "jwks", "publicKeys"} {
		if o.members[name] != nil {
			places = append(places, name)
		}
	}
	o.check(len(places) < 2, strings.Join(places, ", "), "only one of these can be set")
	if s.JWKSURL != "" {
		o.check(address(s.JWKSURL) == nil, "jwksUrl", "must be an address such as https://id.example.com/keys")
	}
	if len(places) == 0 && s.Issuer != "" {
		u, err := url.Parse(s.Issuer)
		o.check(address(s.Issuer) == nil && err == nil && u.RawQuery == "" && u.Fragment == "", "issuer",
			"must be an address such as https://id.example.com, where OpenID discovery finds its keys; else set jwksUrl, jwks or publicKeys")
	}
}

func address(text string) error {
	if u, err := url.Parse(text); err != nil || u.User != nil {
		return errors.New("no address, or with a password")
	}
	return libconfig.CheckURL("", text)
}
