package stack

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/k8s/load/player"
	"streamgate/libs/jwtauth"
)

// Content is a content of the stand-in's catalogue, and Clip its file.
const (
	Content = "607c55840e977203b4d8b5e5"
	Clip    = "prove/clip.mp4"
)

// Short and Long are its films.
var (
	Short = player.Film{Content: "607c55840e977203b4d8b5e6", Length: time.Second, Pieces: 600}
	Long  = player.Film{Content: "607c55840e977203b4d8b5e7", Length: 10 * time.Second, Pieces: 60}

	films = map[string]player.Film{"prove/short": Short, "prove/long": Long} // by folder
)

const playlistName = "index.m3u8"

// standIn plays the parts that the stream rule depends on and that are not tested here: the keys and the accounts of
// user-svc and the catalogue of content-svc.
type standIn struct {
	url    string
	key    ed25519.PrivateKey
	server *http.Server
	asked  atomic.Int64
	ended  sync.Map // sessions that were signed out
	ends   foreignEnds
}

func openStandIn(ctx context.Context) (*standIn, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &standIn{url: "http://" + l.Addr().String(), key: private}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.MarshalWrite(w, jwtauth.NewJWKS(public)) // the asker asks again
	})
	mux.HandleFunc("GET /internal/content/{id}/source", func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		_ = json.MarshalWrite(w, map[string]string{"id": r.PathValue("id"), "type": "vod", "name": "A clip", "src": file(r.PathValue("id"))})
	})
	mux.HandleFunc("PUT /internal/accounts/{id}/plan", func(w http.ResponseWriter, r *http.Request) {
		var plan jsontext.Value
		_ = json.UnmarshalRead(r.Body, &plan)
		_ = json.MarshalWrite(w, map[string]any{"id": r.PathValue("id"), "plan": plan})
	})
	mux.HandleFunc("DELETE /internal/accounts/{id}/sessions/{sid}", func(w http.ResponseWriter, r *http.Request) {
		s.ended.Store(r.PathValue("sid"), true)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /internal/accounts/{id}/sessions/{sid}", func(w http.ResponseWriter, r *http.Request) {
		if _, ended := s.ended.Load(r.PathValue("sid")); ended {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"status":404,"code":"session_not_found","detail":"It was signed out."}`)
			return
		}
		now := time.Now() // everybody else who has a token is signed in
		_ = json.MarshalWrite(w, map[string]any{
			"device": "device", "generation": 1, "createdAt": now, "refreshedAt": now, "expiresAt": now.Add(24 * time.Hour),
		})
	})
	mux.HandleFunc("/internal/accounts/{id}/ends", s.ends.serve)
	mux.HandleFunc("GET /content", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Total-Count", "1")
		fmt.Fprintf(w, `[{"id":%q,"type":"vod","name":"A clip"}]`, Content)
	})
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }() // until it is closed
	return s, nil
}

// file returns the file of a content.
func file(content string) string {
	for folder, film := range films {
		if film.Content == content {
			return folder + "/" + playlistName
		}
	}
	return Clip
}

// token signs an access token as if it had been issued a minute ago, so that a service whose clock is slow by less
// accepts it.
func (s *standIn) token(claims jwtauth.Claims) (string, error) {
	now := time.Now()
	claims.Expires = now.Add(14 * time.Minute)
	return jwtauth.Sign(s.key, issuer, claims, now.Add(-time.Minute))
}
