package jwtauth

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"streamgate/libs/fault"
	"streamgate/libs/wait"
)

// JWKS is a set of public keys in the form of RFC 7517, of RFC 8037's key type.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one Ed25519 public key.
type JWK struct {
	KeyType   string `json:"kty"`
	Curve     string `json:"crv"`
	X         string `json:"x"`
	KeyID     string `json:"kid"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
}

// NewJWKS returns the set of these keys.
func NewJWKS(keys ...ed25519.PublicKey) JWKS {
	set := JWKS{Keys: make([]JWK, 0, len(keys))}
	for _, key := range keys {
		set.Keys = append(set.Keys, JWK{
			KeyType: "OKP", Curve: "Ed25519", X: base64.RawURLEncoding.EncodeToString(key), KeyID: KeyID(key), Use: "sig", Algorithm: "EdDSA",
		})
	}
	return set
}

// KeyID returns the RFC 7638 thumbprint of a key, so that the same key has the same id everywhere.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + base64.RawURLEncoding.EncodeToString(key) + `"}`))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

const (
	// fetchTimeout bounds one request to the issuer.
	fetchTimeout = 2 * time.Second
	// askEvery is the least time between two requests for unknown keys, and so the time within which a new key is known.
	askEvery = time.Second
	// maxWaiting bounds the requests that wait for the set: with more, unknown keys are refused at once.
	maxWaiting = 1000
	// refreshEvery is how soon a key that the issuer withdrew becomes invalid.
	refreshEvery = 5 * time.Minute
	// maxKeySet is the largest set or description that is read, in bytes.
	maxKeySet = 256 << 10
)

// RemoteKeys is the KeySource of every service but the issuer. It keeps the issuer's set, and asks again for unknown
// keys at most once a second, for all that wait: so tokens with invented key ids neither make us flood the issuer nor
// keep a new key from being found. When the issuer is away, the known keys stay valid.
type RemoteKeys struct {
	locate     func(context.Context) (string, error)
	client     *http.Client
	log        *slog.Logger
	asking     *rate.Limiter
	waiting    atomic.Int64
	flight     singleflight.Group
	generation atomic.Uint64

	mu     sync.RWMutex
	keys   StaticKeys
	failed error     // of the last attempt to read the set
	at     time.Time // of that failure
}

// NewRemoteKeys returns a source of the keys at the address of a JWKS.
func NewRemoteKeys(url string, log *slog.Logger) *RemoteKeys {
	r := newRemoteKeys(log)
	r.locate = func(context.Context) (string, error) { return url, nil }
	return r
}

// NewDiscoveredKeys returns a source of the keys of an issuer that describes itself by OpenID Connect Discovery.
func NewDiscoveredKeys(issuer string, log *slog.Logger) *RemoteKeys {
	r := newRemoteKeys(log)
	r.locate = func(ctx context.Context) (string, error) { return r.discover(ctx, issuer) }
	return r
}

func newRemoteKeys(log *slog.Logger) *RemoteKeys {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it always is
	transport.Proxy = nil                                        // whoever can set a variable must not choose whose keys count
	client := &http.Client{
		Transport: transport, Timeout: fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // nor who answers for the issuer
	}
	return &RemoteKeys{client: client, log: log, asking: rate.NewLimiter(rate.Every(askEvery), 1)}
}

// Key returns a key, after asking the issuer if necessary.
func (r *RemoteKeys) Key(ctx context.Context, kid, algorithm string) (any, error) {
	key, known, failed := r.lookup(kid, algorithm)
	if key != nil {
		return key, nil
	}
	if failed != nil {
		return nil, fault.Away("The list of signing keys", failed)
	}
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > maxWaiting {
		if !known {
			return nil, fault.Away("The list of signing keys", errors.New("too many wait for it"))
		}
		return nil, ErrUnknownKey
	}
	// What is under way may have been asked before the key was published; what begins after that, was not.
	for range 2 {
		shared, err := r.ask(ctx)
		if err != nil {
			return nil, fault.Away("The list of signing keys", err)
		}
		if key, _, _ := r.lookup(kid, algorithm); key != nil {
			return key, nil
		}
		if !shared {
			break
		}
	}
	return nil, ErrUnknownKey
}

// ask reads the set as soon as it may be asked for again, and reports whether others asked for the same answer.
func (r *RemoteKeys) ask(ctx context.Context) (shared bool, err error) {
	_, err, shared = r.flight.Do("unknown", func() (any, error) {
		// Not the caller's cancellation, since others wait for the same answer.
		ctx := context.WithoutCancel(ctx)
		if err := r.asking.Wait(ctx); err != nil {
			return nil, fmt.Errorf("signing keys: %w", err)
		}
		return nil, r.Refresh(ctx)
	})
	return shared, err
}

// Generation changes when a key disappears from the issuer's set.
func (r *RemoteKeys) Generation() uint64 { return r.generation.Load() }

// lookup returns the key or nil, whether any key is known, and the error of an attempt to read the set that failed a moment ago: meanwhile nobody
// waits for another.
func (r *RemoteKeys) lookup(kid, algorithm string) (key any, known bool, failed error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if key := r.keys.find(kid, algorithm); key != nil {
		return key, true, nil
	}
	if r.failed != nil && time.Since(r.at) < askEvery {
		failed = r.failed
	}
	return nil, r.keys != nil, failed
}

// Refresh reads the set; simultaneous callers share one request.
func (r *RemoteKeys) Refresh(ctx context.Context) error {
	_, err, _ := r.flight.Do("", func() (any, error) {
		// Not the caller's cancellation, since others wait for the same answer.
		keys, err := r.fetch(context.WithoutCancel(ctx))
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failed, r.at = err, time.Now(); err != nil {
			return nil, err
		}
		if r.withdrawn(keys) {
			r.generation.Add(1)
		}
		r.keys = keys
		return nil, nil
	})
	return err
}

// Run refreshes the set until ctx ends, so that withdrawn keys are noticed.
func (r *RemoteKeys) Run(ctx context.Context) {
	wait.Every(ctx, refreshEvery, func() {
		if err := r.Refresh(ctx); err != nil {
			r.log.WarnContext(ctx, "signing keys not refreshed", "error", err)
		}
	})
}

// withdrawn reports whether a key is not in the new set.
func (r *RemoteKeys) withdrawn(set StaticKeys) bool {
	for kid, keys := range r.keys {
		for _, key := range keys {
			if !set.has(kid, key) {
				return true
			}
		}
	}
	return false
}

func (r *RemoteKeys) fetch(ctx context.Context) (StaticKeys, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	address, err := r.locate(ctx)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	text, err := r.get(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	keys, err := ParseJWKS(text)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %s: %w", address, err)
	}
	return keys, nil
}

// discover returns where an issuer publishes its keys (OpenID Connect Discovery 1.0, section 4).
func (r *RemoteKeys) discover(ctx context.Context, issuer string) (string, error) {
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	text, err := r.get(ctx, address)
	if err != nil {
		return "", err
	}
	var described struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &described); err != nil {
		return "", fmt.Errorf("%s: %w", address, err)
	}
	// Whoever answers for another issuer must not choose its keys (section 4.3), nor send us where nothing proves who answers.
	keys, err := url.Parse(described.Keys)
	switch {
	case described.Issuer != issuer:
		return "", fmt.Errorf("%s describes the issuer %q", address, described.Issuer)
	case err != nil || keys.Host == "" || keys.Scheme != "https" && (keys.Scheme != "http" || strings.HasPrefix(issuer, "https:")):
		return "", fmt.Errorf("%s: its jwks_uri %q is no address, or less safe than its own", address, described.Keys)
	}
	return described.Keys, nil
}

// get reads a document of the issuer's.
func (r *RemoteKeys) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err == nil && len(text) > maxKeySet {
		err = fmt.Errorf("%s answered more than %d bytes", address, maxKeySet)
	}
	return text, err
}
