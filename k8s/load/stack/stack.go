package stack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/k8s/load/player"
	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
)

const issuer = "streamgate"

// Secret returns what a service shows another one.
func Secret(caller, called string) string { return "secret-of-" + caller + "-for-" + called }

// Options say what to run.
type Options struct {
	Dir       string // for logs and files
	Session   string // the program of session-svc
	Content   string // that of content-svc
	User      string // that of user-svc, or "" if a stand-in plays its part
	Sessions  int    // replicas
	Contents  int
	RedisURL  string
	RedisMode string
	MongoURI  string // for content-svc and user-svc
	Lease     time.Duration
	Limit     int
	Settings  []string // further variables of all services
	Foreign   bool     // every other account is another issuer's than user-svc
	// Between returns the address at which the services that call session-svc find it; nil lets each have a replica of its own.
	Between func(internal []string) (string, error)
	// Change may change the program and the further variables of a replica of session-svc.
	Change func(replica int) (program string, env []string)
}

// Stack is the running system.
type Stack struct {
	Sessions []*Service
	Contents []*Service
	User     *Service // if there is one

	o       Options
	standIn *standIn
	foreign *foreignIssuer // or nil
	http    *http.Transport

	mu    sync.Mutex
	known map[string]int // the numbers of accounts that have signed in, from 0
}

// Open starts the services and waits until they are ready.
func Open(ctx context.Context, o Options) (*Stack, error) {
	s := &Stack{o: o, http: player.NewTransport(), known: map[string]int{}}
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
	userPublic, userInternal, err := s.userService(ctx)
	if err != nil {
		return err
	}
	foreign, err := s.foreignSettings()
	if err != nil {
		return err
	}
	for i := range s.o.Sessions {
		env := []string{
			"REDIS_URL=" + s.o.RedisURL, "REDIS_MODE=" + s.o.RedisMode, "GRANT_KEYS=" + keys, "REFRESH_KEYS=" + keys, "LEASE=" + s.o.Lease.String(),
			"STARTS_EVERY=1ms", "STARTS_BURST=10000", // one account is made to start as many as a thousand do
			"JWKS_URL=" + userPublic + "/.well-known/jwks.json", "TOKEN_ISSUER=" + issuer,
			"CONTENT_SVC_URL=" + s.standIn.url, "USER_SVC_URL=" + userInternal,
			"SECRETS_FROM_USER_SVC=" + Secret("user", "session"), "SECRETS_TO_USER_SVC=" + Secret("session", "user"),
			"SECRETS_FROM_CONTENT_SVC=" + Secret("content", "session"), "SECRETS_TO_CONTENT_SVC=" + Secret("session", "content"),
		}
		env = append(append(env, foreign...), s.o.Settings...)
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
	if err := s.startUser(ctx); err != nil || s.o.Contents == 0 {
		return err
	}
	return s.openContents(ctx, keys)
}

func (s *Stack) openContents(ctx context.Context, keys string) error {
	media, err := s.media()
	if err != nil {
		return err
	}
	between := ""
	if s.o.Between != nil {
		var internal []string
		for _, service := range s.Sessions {
			internal = append(internal, service.Internal)
		}
		if between, err = s.o.Between(internal); err != nil {
			return err
		}
	}
	for i := range s.o.Contents {
		env := []string{
			"MONGODB_URI=" + s.o.MongoURI, "MONGODB_DATABASE=prove_" + strconv.Itoa(os.Getpid()), "MEDIA_URL=file://" + media,
			"SESSION_SVC_URL=" + cmp.Or(between, s.Sessions[i%len(s.Sessions)].Internal), "GRANT_KEYS=" + keys,
			"SECRETS_TO_SESSION_SVC=" + Secret("content", "session"), "SECRETS_FROM_SESSION_SVC=" + Secret("session", "content"),
		}
		env = append(env, s.o.Settings...)
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

// Sizes of files, bytes. A piece of any length is plausible film: at least 4 kbit/s.
const (
	clipSize  = 256 << 10
	pieceSize = 6 << 10
)

func (s *Stack) media() (string, error) {
	dir := filepath.Join(s.o.Dir, "media")
	clip := filepath.Join(dir, Clip)
	if err := os.MkdirAll(filepath.Dir(clip), 0o700); err != nil {
		return "", err
	}
	err := os.WriteFile(clip, random(clipSize), 0o600)
	for folder, film := range films {
		err = errors.Join(err, writeFilm(filepath.Join(dir, folder), film))
	}
	return dir, err
}

// writeFilm writes a playlist and its pieces, whose bytes are no video: content-svc counts what the playlist says.
func writeFilm(dir string, film player.Film) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	playlist := new(strings.Builder)
	fmt.Fprintf(playlist, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n", int(film.Length.Seconds()))
	for n := range film.Pieces {
		fmt.Fprintf(playlist, "#EXTINF:%.3f,\n%s\n", film.Length.Seconds(), player.PieceName(n))
		if err := os.WriteFile(filepath.Join(dir, player.PieceName(n)), random(pieceSize), 0o600); err != nil {
			return err
		}
	}
	playlist.WriteString("#EXT-X-ENDLIST\n")
	return os.WriteFile(filepath.Join(dir, playlistName), []byte(playlist.String()), 0o600)
}

// Close ends all of it.
func (s *Stack) Close() {
	for _, service := range slices.Concat(s.Sessions, s.Contents, []*Service{s.User}) {
		if service != nil && service.process != nil {
			service.Kill()
		}
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
	return s.SignInWith(ctx, account, s.o.Limit)
}

// SignInWith signs a device in whose token has a limit of its own.
func (s *Stack) SignInWith(ctx context.Context, account string, limit int) (*player.Device, error) {
	s.mu.Lock()
	number, known := s.known[account]
	if !known {
		number = len(s.known)
		s.known[account] = number
	}
	s.mu.Unlock()
	if s.foreign != nil && number%2 == 1 {
		return s.signInForeign(ctx, account, limit)
	}
	var errs error
	for _, service := range s.Sessions {
		id, err := s.openSession(ctx, service, account, known)
		if err != nil {
			errs = errors.Join(errs, err)
			continue
		}
		token, err := s.standIn.token(jwtauth.Claims{Account: account, Session: id, Role: jwtauth.RoleUser, Limit: limit})
		return &player.Device{Account: account, Session: id, Token: token}, err
	}
	return nil, errs
}

// SetLimit sets the limit of an account, as an administrator does, through the first replica of session-svc.
func (s *Stack) SetLimit(ctx context.Context, account string, limit int) error {
	admin := player.NewAccount()
	session, err := s.openSession(ctx, s.Sessions[0], admin, false)
	if err != nil {
		return err
	}
	token, err := s.standIn.token(jwtauth.Claims{Account: admin, Session: session, Role: jwtauth.RoleAdmin, Limit: s.o.Limit})
	if err != nil {
		return err
	}
	address := s.Sessions[0].Public + "/accounts/" + account + "/plan"
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, strings.NewReader(fmt.Sprintf(`{"maxStreams":%d}`, limit)))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("set a limit: %s", response.Status)
	}
	return nil
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
	request.Header.Set(peer.SecretHeader, Secret("user", "session")) // whose place the stack takes
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
