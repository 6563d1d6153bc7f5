package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/objectid"
	"streamgate/session-svc/internal/session"
)

const (
	// maxToken is the largest token that is accepted, in bytes: those of some issuers list a hundred groups.
	maxToken = 8 << 10
	// cachedTokens bounds the memory of verified tokens: about 0.5 KB each.
	cachedTokens = 20_000
)

// Issuers verifies the tokens of user-svc and of other issuers.
type Issuers struct {
	own    *jwtauth.Verifier
	others map[string]*other // by their names
	cache  *lru.Cache[[sha256.Size]byte, verified]
	log    *slog.Logger
}

// other is an issuer other than user-svc.
type other struct {
	Setting

	keys   jwtauth.KeySource
	parser *jwt.Parser
}

type verified struct {
	claims     *jwtauth.Claims
	keys       jwtauth.KeySource
	generation uint64
}

// New returns a verifier of user-svc's tokens, by its own verifier, and of those of others.
func New(own *jwtauth.Verifier, others []Setting, log *slog.Logger) *Issuers {
	cache, _ := lru.New[[sha256.Size]byte, verified](cachedTokens) // fails for sizes below 1 only
	i := &Issuers{own: own, others: map[string]*other{}, cache: cache, log: log}
	for _, s := range others {
		o := &other{Setting: s, keys: s.StaticKeys, parser: jwt.NewParser(jwt.WithValidMethods(s.Algorithms), jwt.WithIssuer(s.Issuer),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(session.SightLeeway), jwt.WithStrictDecoding(), jwt.WithJSONNumber())}
		switch {
		case o.keys != nil:
		case s.JWKSURL != "":
			o.keys = jwtauth.NewRemoteKeys(s.JWKSURL, log.With("issuer", s.Issuer))
		default:
			o.keys = jwtauth.NewDiscoveredKeys(s.Issuer, log.With("issuer", s.Issuer))
		}
		i.others[s.Issuer] = o
	}
	return i
}

// Run reads the keys of the other issuers, and reads them again until ctx ends, so that withdrawn ones are noticed.
func (i *Issuers) Run(ctx context.Context) {
	var all sync.WaitGroup
	for name, o := range i.others {
		if keys, ok := o.keys.(*jwtauth.RemoteKeys); ok {
			all.Go(func() {
				if err := keys.Refresh(ctx); err != nil && ctx.Err() == nil {
					i.log.WarnContext(ctx, "signing keys of an issuer not read", "issuer", name, "error", err)
				}
				keys.Run(ctx)
			})
		}
	}
	all.Wait()
}

// Verify implements jwtauth.TokenVerifier. Of other issuers' tokens, Claims.Foreign is set.
func (i *Issuers) Verify(ctx context.Context, token string) (*jwtauth.Claims, error) {
	if len(i.others) == 0 {
		return i.own.Verify(ctx, token)
	}
	if claims := i.own.Remembered(token); claims != nil {
		return claims, nil
	}
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 skips line breaks: one token would have many forms
		return i.own.Verify(ctx, token) // which refuses it
	}
	sum := sha256.Sum256([]byte(token))
	if hit, ok := i.cache.Get(sum); ok && hit.generation == hit.keys.Generation() && time.Now().Before(hit.claims.Expires) {
		return hit.claims, nil
	}
	var named jwt.RegisteredClaims
	_, _, err := jwt.NewParser(jwt.WithStrictDecoding()).ParseUnverified(token, &named)
	o := i.others[named.Issuer]
	if err != nil || o == nil {
		return i.own.Verify(ctx, token)
	}
	generation := o.keys.Generation()
	claims, err := o.verify(ctx, token)
	if err != nil {
		return nil, err
	}
	i.cache.Add(sum, verified{claims, o.keys, generation})
	return claims, nil
}

func (o *other) verify(ctx context.Context, token string) (*jwtauth.Claims, error) {
	given := jwt.MapClaims{}
	var claims *jwtauth.Claims
	_, err := o.parser.ParseWithClaims(token, given, func(t *jwt.Token) (any, error) {
		if err := jwtauth.CheckHeader(t.Header); err != nil {
			return nil, err
		}
		var err error
		if claims, err = o.read(given); err != nil { // before the issuer is asked for its key
			return nil, err
		}
		kid, _ := t.Header["kid"].(string)
		return o.keys.Key(ctx, kid, t.Method.Alg())
	})
	switch {
	case fault.KindOf(err) == fault.Unavailable:
		return nil, err
	case err != nil:
		return nil, invalidToken(err)
	}
	return claims, nil
}

func invalidToken(cause error) error {
	detail := "The access token is not valid; get another one from its issuer."
	if errors.Is(cause, jwt.ErrTokenExpired) {
		detail = "The access token has expired; get another one from its issuer."
	}
	return fault.New(fault.Unauthenticated, "invalid_token", detail).Because(cause).Challenging(fault.InvalidTokenChallenge)
}

// read returns what a token means, unless it is not meant for us.
func (o *other) read(given jwt.MapClaims) (*jwtauth.Claims, error) {
	if err := o.admits(given); err != nil {
		return nil, err
	}
	claims := &jwtauth.Claims{Role: jwtauth.RoleUser}
	var err error
	if claims.Expires, claims.Foreign, err = times(given); err != nil {
		return nil, err
	}
	if claims.Account, claims.Session, err = o.ids(given); err != nil {
		return nil, err
	}
	if claims.Limit, err = o.limit(given); err != nil {
		return nil, err
	}
	if claims.Evicts, err = o.evicts(given); err != nil {
		return nil, err
	}
	if claims.Pause, err = o.pause(given); err != nil {
		return nil, err
	}
	if claims.Foreign.Content, err = o.content(given); err != nil {
		return nil, err
	}
	return claims, nil
}

// times returns when a token expires, when it was issued and when its device signed in.
func times(given jwt.MapClaims) (time.Time, *jwtauth.Foreign, error) {
	expires, err := given.GetExpirationTime()
	if err != nil || expires == nil || expires.After(time.Now().Add(session.TokenFor)) {
		return time.Time{}, nil, errors.New("exp is missing or too far ahead")
	}
	issued, err := given.GetIssuedAt()
	if err != nil || issued == nil {
		return time.Time{}, nil, errors.New("iat is missing: it couldn't be told from a token of before a sign-out")
	}
	foreign := &jwtauth.Foreign{SignedIn: issued.Time, Issued: issued.Time}
	if at, ok := given["auth_time"].(stdjson.Number); ok {
		if seconds, err := at.Int64(); err == nil && seconds > 0 && seconds < issued.Unix() {
			foreign.SignedIn = time.Unix(seconds, 0)
		}
	}
	return expires.Time, foreign, nil
}

// ids returns those of the account and of the device's session.
func (o *other) ids(given jwt.MapClaims) (account, device string, err error) {
	name, ok := given[o.Claims.Account].(string)
	if !ok || !isID(name) {
		return "", "", fmt.Errorf("%s is no text of 1 to %d bytes", o.Claims.Account, longestText)
	}
	if o.Claims.Session != "" {
		if device, ok = text(given[o.Claims.Session]); !ok || !isID(device) {
			return "", "", fmt.Errorf("%s is no text of 1 to %d bytes, nor a whole number", o.Claims.Session, longestText)
		}
	}
	return accountID(o.Issuer, name), sessionID(o.Issuer, name, device), nil
}

// admits checks that a token was issued for us.
func (o *other) admits(given jwt.MapClaims) error {
	if len(o.Audience) > 0 {
		audience, err := given.GetAudience()
		if err != nil || !slices.ContainsFunc(audience, func(each string) bool { return slices.Contains(o.Audience, each) }) {
			return errors.New("for another audience")
		}
	}
	for name, accepted := range o.Require {
		values, ok := given[name].([]any)
		if !ok {
			values = []any{given[name]}
		}
		if !slices.ContainsFunc(values, func(each any) bool {
			value, ok := text(each)
			return ok && slices.Contains(accepted, value)
		}) {
			return fmt.Errorf("%s has none of the values that are required", name)
		}
	}
	return nil
}

func (o *other) limit(given jwt.MapClaims) (int, error) {
	n, err := number(given, o.Claims.Limit, 1, "streams")
	if n == nil {
		return o.MaxStreams, err
	}
	return min(*n, o.Ceiling), nil
}

func (o *other) pause(given jwt.MapClaims) (*time.Duration, error) {
	n, err := number(given, o.Claims.Pause, 0, "seconds")
	if n == nil {
		return nil, err
	}
	return new(time.Duration(min(*n, int(jwtauth.MaxPause.Seconds()))) * time.Second), nil
}

// number returns a whole number of things that a claim has, from least on, or nil where there is none.
func number(given jwt.MapClaims, name string, least int, things string) (*int, error) {
	claim := given[name]
	if name == "" || claim == nil {
		return nil, nil
	}
	digits, ok := text(claim)
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < least {
		return nil, fmt.Errorf("%s is no whole number of %s from %d", name, things, least)
	}
	return &n, nil
}

func (o *other) content(given jwt.MapClaims) (string, error) {
	claim := given[o.Claims.Content]
	if o.Claims.Content == "" || claim == nil {
		return "", nil
	}
	id, _ := claim.(string)
	if _, err := objectid.Parse(o.Claims.Content, id); err != nil {
		return "", fmt.Errorf("%s is no content's id", o.Claims.Content)
	}
	return id, nil
}

func (o *other) evicts(given jwt.MapClaims) (bool, error) {
	claim := given[o.Claims.OnLimit]
	switch {
	case o.Claims.OnLimit == "" || claim == nil:
		return o.Evicts, nil
	case claim == deny || claim == evict:
		return claim == evict, nil
	}
	return false, fmt.Errorf("%s is neither %s nor %s", o.Claims.OnLimit, deny, evict)
}

// text returns the text of a claim that is text, a whole number, or true or false.
func text(claim any) (string, bool) {
	switch claim := claim.(type) {
	case string:
		return claim, true
	case bool:
		return strconv.FormatBool(claim), true
	case stdjson.Number:
		n, err := claim.Int64()
		return strconv.FormatInt(n, 10), err == nil
	}
	return "", false
}

func isID(text string) bool { return text != "" && len(text) <= longestText && utf8.ValidString(text) }

// accountID returns 96 bits of a hash of the issuer and what it calls the account. So accounts of different issuers don't meet, nor those of user-svc,
// whose ids are random. A line of shell makes it, too:
//
//	printf 'streamgate/account\n%s\n%s' "$iss" "$sub" | sha256sum | cut -c 1-24
func accountID(issuer, account string) string {
	return hex.EncodeToString(hash("streamgate/account", issuer, account)[:12])
}

// sessionID returns the form of session.ID. Device is "" where an account has one session.
func sessionID(issuer, account, device string) string {
	return base64.RawURLEncoding.EncodeToString(hash("streamgate/session", issuer, account, device)[:8])
}

// hash is of lines, of which only the last may have line breaks, or the account's of a session, which then is still another account's.
func hash(lines ...string) []byte {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return sum[:]
}
