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
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"streamgate/libs/fault"
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

// StaticKeys is the KeySource of the issuer itself.
type StaticKeys map[string]ed25519.PublicKey

// NewStaticKeys returns a source of these keys.
func NewStaticKeys(keys ...ed25519.PublicKey) StaticKeys {
	s := StaticKeys{}
	for _, key := range keys {
		s[KeyID(key)] = key
	}
	return s
}

// Key returns a key or ErrUnknownKey.
func (s StaticKeys) Key(_ context.Context, kid string) (ed25519.PublicKey, error) {
	if key, ok := s[kid]; ok {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// Generation is always 0, since no key is ever withdrawn.
func (s StaticKeys) Generation() uint64 { return 0 }

const (
	// fetchTimeout bounds one request to the issuer.
	fetchTimeout = 2 * time.Second
	// askEvery is the least time between two requests for unknown keys, and so the time within which a new key is known.
	askEvery = time.Second
	// maxWaiting bounds the requests that wait for the set: with more, unknown keys are refused at once.
	maxWaiting = 1000
	// refreshEvery is how soon a key that the issuer withdrew becomes invalid.
	refreshEvery = 5 * time.Minute
	// maxKeySet is the largest set that is read, in bytes.
	maxKeySet = 64 << 10
)

// RemoteKeys is the KeySource of every service but the issuer. It keeps the issuer's set, and asks again for unknown
// keys at most once a second, for all that wait: so tokens with invented key ids neither make us flood the issuer nor
// keep a new key from being found. When the issuer is away, the known keys stay valid.
type RemoteKeys struct {
	url        string
	client     *http.Client
	log        *slog.Logger
	asking     *rate.Limiter
	waiting    atomic.Int64
	flight     singleflight.Group
	generation atomic.Uint64

	mu   sync.RWMutex
	keys StaticKeys
}

// NewRemoteKeys returns a source of the keys at the address of a JWKS.
func NewRemoteKeys(url string, log *slog.Logger) *RemoteKeys {
	transport := http.DefaultTransport.(*http.Transport).Clone() //nolint:forcetypeassert // it always is
	transport.Proxy = nil                                        // whoever can set a variable must not choose whose keys count
	client := &http.Client{
		Transport: transport, Timeout: fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // nor who answers for the issuer
	}
	return &RemoteKeys{url: url, client: client, log: log, asking: rate.NewLimiter(rate.Every(askEvery), 1)}
}

// Key returns a key, after asking the issuer if necessary.
func (r *RemoteKeys) Key(ctx context.Context, kid string) (ed25519.PublicKey, error) {
	if key := r.lookup(kid); key != nil {
		return key, nil
	}
	defer r.waiting.Add(-1)
	if r.waiting.Add(1) > maxWaiting {
		return nil, ErrUnknownKey
	}
	// What is under way may have been asked before the key was published; what begins after that, was not.
	for range 2 {
		shared, err := r.ask(ctx)
		if err != nil {
			return nil, fault.Away("The list of signing keys", err)
		}
		if key := r.lookup(kid); key != nil {
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

// lookup returns the key, or nil.
func (r *RemoteKeys) lookup(kid string) ed25519.PublicKey {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys[kid]
}

// Refresh reads the set; simultaneous callers share one request.
func (r *RemoteKeys) Refresh(ctx context.Context) error {
	_, err, _ := r.flight.Do("", func() (any, error) {
		// Not the caller's cancellation, since others wait for the same answer.
		keys, err := r.fetch(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		for kid := range r.keys {
			if keys[kid] == nil {
				r.generation.Add(1)
				break
			}
		}
		r.keys = keys
		return nil, nil
	})
	return err
}

// Run refreshes the set until ctx ends, so that withdrawn keys are noticed.
func (r *RemoteKeys) Run(ctx context.Context) {
	tick := time.NewTicker(refreshEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.Refresh(ctx); err != nil {
				r.log.WarnContext(ctx, "signing keys not refreshed", "error", err)
			}
		}
	}
}

func (r *RemoteKeys) fetch(ctx context.Context) (StaticKeys, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("signing keys: %s answered %s", r.url, response.Status)
	}
	var set JWKS
	if err := json.UnmarshalRead(io.LimitReader(response.Body, maxKeySet), &set); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	keys := StaticKeys{}
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if k.KeyType != "OKP" || k.Curve != "Ed25519" || err != nil || len(x) != ed25519.PublicKeySize || k.Use == "enc" {
			continue // we can't verify with other kinds of keys
		}
		keys[k.KeyID] = x
	}
	if len(keys) == 0 {
		return nil, errors.New("signing keys: the issuer publishes none that is Ed25519")
	}
	return keys, nil
}
