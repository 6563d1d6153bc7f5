package rig

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"streamgate/libs/jwtauth"
)

const (
	aKey   = "c3RyZWFtZ2F0ZSBiZW5jaG1hcmsga2V5LCAzMiBieXQ=" // 32 bytes in base64, not a secret
	secret = "the-secret-of-a-benchmark"
	issuer = "streamgate"
)

// World stands in for session-svc's neighbours: it publishes the keys of tokens, as user-svc does, and knows every
// content, as content-svc does.
type World struct {
	URL string

	server *http.Server
}

// NewWorld opens the stand-ins.
func NewWorld(ctx context.Context) (*World, error) {
	w := &World{}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("stand-ins: %w", err)
	}
	w.URL = "http://" + listener.Addr().String()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", func(out http.ResponseWriter, _ *http.Request) {
		reply(out, jwtauth.NewJWKS(PublicKey()))
	})
	mux.HandleFunc("GET /internal/content/{id}/source", func(out http.ResponseWriter, r *http.Request) {
		reply(out, map[string]string{"id": r.PathValue("id"), "type": "vod", "name": "A film", "src": "films/a-film/index.m3u8"})
	})
	w.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := w.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(err)
		}
	}()
	return w, nil
}

// Close ends the stand-ins.
func (w *World) Close() error { return w.server.Close() }

// signer signs the tokens.
var signer = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// PublicKey returns the public key of the tokens.
func PublicKey() ed25519.PublicKey {
	return signer.Public().(ed25519.PublicKey) //nolint:forcetypeassert // it always is
}

// Verifier returns a verifier of the tokens, like that of session-svc.
func Verifier(key ed25519.PublicKey) *jwtauth.Verifier {
	return jwtauth.NewVerifier(jwtauth.NewStaticKeys(key), issuer)
}

// Token signs an access token for an account with three streams.
func (w *World) Token(account, session string) (string, error) {
	now := time.Now()
	return jwtauth.Sign(signer, issuer, jwtauth.Claims{
		Account: account, Session: session, Role: jwtauth.RoleUser, Limit: Limit, Expires: now.Add(15 * time.Minute),
	}, now)
}

func reply(out http.ResponseWriter, value any) {
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(value) // the service that asks says when it got no answer
}
