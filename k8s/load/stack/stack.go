package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/k8s/load/player"
	"streamgate/libs/peer"
)

const (
	issuer = "streamgate"
	secret = "a-secret-between-the-services"
)

// Options say what to run.
type Options struct {
	Dir       string // for logs and files
	Session   string // the program of session-svc
	Content   string // that of content-svc
	Sessions  int    // replicas
	Contents  int
	RedisURL  string
	RedisMode string
	MongoURI  string // for content-svc
	Lease     time.Duration
	Limit     int
	// Change may change the program and the further variables of a replica of session-svc.
	Change func(replica int) (program string, env []string)
}

// Stack is the running system.
type Stack struct {
	Sessions []*Service
	Contents []*Service

	o       Options
	standIn *standIn
	http    *http.Transport

	mu    sync.Mutex
	known map[string]bool // accounts that have signed in
}

// Open starts the services and waits until they are ready.
func Open(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{o: o, http: player.NewTransport(), known: map[string]bool{}}
	err := s.open(ctx)
	if err != nil {
		s.Close()
	}
	return s, err
}

func (s *Stack) open(ctx context.Context) (err error) {
	if s.standIn, err = openStandIn(ctx); err != nil {
		return err
	}
	keys := base64.StdEncoding.EncodeToString(random(32))
	common := []string{"INTERNAL_SECRETS=" + secret, "GRANT_KEYS=" + keys}
	for i := range s.o.Sessions {
		env := append([]string{
			"REDIS_URL=" + s.o.RedisURL, "REDIS_MODE=" + s.o.RedisMode, "REFRESH_KEYS=" + keys, "LEASE=" + s.o.Lease.String(),
			"STARTS_EVERY=1ms", "STARTS_BURST=10000", // one account is made to start as many as a thousand do
			"JWKS_URL=" + s.standIn.url + "/.well-known/jwks.json", "CONTENT_SVC_URL=" + s.standIn.url, "TOKEN_ISSUER=" + issuer,
		}, common...)
		program := s.o.Session
		if s.o.Change != nil {
			other, further := s.o.Change(i)
			if env = append(env, further...); other != "" {
				program = other
			}
		}
		if err := s.add(ctx, &s.Sessions, fmt.Sprintf("session-svc-%d", i), program, env); err != nil {
			return err
		}
	}
	if s.o.Contents == 0 {
		return nil
	}
	media, err := s.media()
	if err != nil {
		return err
	}
	for i := range s.o.Contents {
		env := append([]string{
			"MONGODB_URI=" + s.o.MongoURI, "MONGODB_DATABASE=prove_" + strconv.Itoa(os.Getpid()), "MEDIA_URL=file://" + media,
			"SESSION_SVC_URL=" + s.Sessions[i%len(s.Sessions)].Internal,
		}, common...)
		if err := s.add(ctx, &s.Contents, fmt.Sprintf("content-svc-%d", i), s.o.Content, env); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) add(ctx context.Context, to *[]*Service, name, program string, env []string) error {
	service, err := newService(ctx, s.o.Dir, name, program, env)
	if err != nil {
		return err
	}
	if err := service.Start(ctx); err != nil {
		return err
	}
	*to = append(*to, service)
	return nil
}

// clipSize is that of the video, bytes.
const clipSize = 256 << 10

func (s *Stack) media() (string, error) {
	dir := filepath.Join(s.o.Dir, "media")
	clip := filepath.Join(dir, Clip)
	if err := os.MkdirAll(filepath.Dir(clip), 0o700); err != nil {
		return "", err
	}
	return dir, os.WriteFile(clip, random(clipSize), 0o600)
}

// Close ends all of it.
func (s *Stack) Close() {
	for _, service := range append(s.Sessions, s.Contents...) {
		service.Kill()
	}
	if s.standIn != nil {
		_ = s.standIn.server.Close() // no request is left to serve
	}
	s.http.CloseIdleConnections()
}

// System returns what players use.
func (s *Stack) System() player.System {
	system := player.System{SignIn: s.SignIn, Transport: s.http}
	for _, service := range s.Sessions {
		system.Sessions = append(system.Sessions, service.Public)
	}
	for _, service := range s.Contents {
		system.Contents = append(system.Contents, service.Public)
	}
	return system
}

// SignIn signs a device in, as user-svc would.
func (s *Stack) SignIn(ctx context.Context, account string) (*player.Device, error) {
	s.mu.Lock()
	known := s.known[account]
	s.known[account] = true
	s.mu.Unlock()
	var errs error
	for _, service := range s.Sessions {
		id, err := s.openSession(ctx, service, account, known)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		token, err := s.standIn.token(account, id, s.o.Limit)
		return &player.Device{Account: account, Session: id, Token: token}, err
	}
	return nil, errs
}

func (s *Stack) openSession(ctx context.Context, service *Service, account string, known bool) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	body, err := json.Marshal(map[string]any{"account": account, "device": "device", "known": known})
	if err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, service.Internal+"/internal/sessions", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set(peer.SecretHeader, secret)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%s: sign in: %s", service.name, response.Status)
	}
	var opened struct {
		ID string `json:"id"`
	}
	return opened.ID, json.UnmarshalRead(response.Body, &opened)
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
