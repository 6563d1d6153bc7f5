package screens

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"streamgate/k8s/load/stack"
	"streamgate/libs/process"
)

const (
	replicas      = 2 // of session-svc and of content-svc
	adminEmail    = "admin@example.com"
	adminPassword = "an administrator's"
)

// System is the three services, each in its usual settings but for those that tell them where the others are.
type System struct {
	accounts  string   // address of user-svc, http://host:port
	sessions  []string // of the replicas of session-svc
	contents  []string // of content-svc
	bare      []string // of a plain file server with the same films
	processes []*process.Process
}

// service is one replica, before it runs.
type service struct {
	name, public, internal, operations string
}

func newService(ctx context.Context, name string) (service, error) {
	s := service{name: name}
	for _, address := range []*string{&s.public, &s.internal, &s.operations} {
		var err error
		if *address, err = process.FreeAddr(ctx, "127.0.0.1:0"); err != nil {
			return s, err
		}
	}
	return s, nil
}

// open builds the services and starts them. Keys go to dir.
func (s *System) open(ctx context.Context, o Options, dir string) error {
	services := []string{"user-svc", "session-svc", "content-svc"}
	for _, name := range services {
		if !o.Build {
			break
		}
		if err := stack.Build(ctx, filepath.Join(o.Root, name), name, filepath.Join(o.Programs, name), ""); err != nil {
			return err
		}
	}
	names := []string{"user-svc"}
	for range replicas {
		names = append(names, "session-svc", "content-svc")
	}
	all := map[string][]service{}
	for _, name := range names {
		replica, err := newService(ctx, name)
		if err != nil {
			return err
		}
		all[name] = append(all[name], replica)
	}
	user := all["user-svc"][0]
	s.accounts = "http://" + user.public
	for i := range replicas {
		s.sessions = append(s.sessions, "http://"+all["session-svc"][i].public)
		s.contents = append(s.contents, "http://"+all["content-svc"][i].public)
	}
	key := func() string { return base64.StdEncoding.EncodeToString(random(32)) }
	fromUser, fromContent, toUser, toContent := key(), key(), key(), key() // what session-svc is shown, and shows
	common := append(os.Environ(),
		"GRANT_KEYS="+key(), "REFRESH_KEYS="+key(), "TRUSTED_PROXIES=127.0.0.1/32", "DRAIN_DELAY=0s", "LOG_FORMAT=text",
		"LOG_LEVEL=error", "TOKEN_KEY_FILES="+filepath.Join(dir, "token-key.pem"), "TOKEN_KEY_GENERATE=true", "TOKEN_TTL=15m",
		"ADMIN_EMAIL="+adminEmail, "ADMIN_PASSWORD="+adminPassword, "MONGODB_URI="+o.MongoURI, "REDIS_URL="+o.RedisURL,
		"JWKS_URL=http://"+user.public+"/.well-known/jwks.json", "USER_SVC_URL=http://"+user.internal, "MEDIA_URL=file://"+o.Media+"?metadata=skip&no_tmp_dir=true",
	)
	secrets := map[string][]string{
		"user-svc":    {"SECRETS_TO_SESSION_SVC=" + fromUser, "SECRETS_FROM_SESSION_SVC=" + toUser},
		"content-svc": {"SECRETS_TO_SESSION_SVC=" + fromContent, "SECRETS_FROM_SESSION_SVC=" + toContent},
		"session-svc": {
			"SECRETS_FROM_USER_SVC=" + fromUser, "SECRETS_TO_USER_SVC=" + toUser,
			"SECRETS_FROM_CONTENT_SVC=" + fromContent, "SECRETS_TO_CONTENT_SVC=" + toContent,
			"CMCD=true", "CMCD_PAUSE=" + hold.String(),
		},
	}
	for _, name := range services {
		for i, replica := range all[name] {
			env := append(slices.Concat(common, secrets[name]), "PUBLIC_ADDR="+replica.public, "INTERNAL_ADDR="+replica.internal, "OPERATIONS_ADDR="+replica.operations,
				"MONGODB_DATABASE=screens_"+strconv.Itoa(os.Getpid())+"_"+name, "SESSION_SVC_URL=http://"+all["session-svc"][i].internal,
				"CONTENT_SVC_URL=http://"+all["content-svc"][i].internal)
			if err := s.start(ctx, filepath.Join(o.Programs, replica.name), dir, replica, env); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *System) start(ctx context.Context, program, dir string, replica service, env []string) error {
	cmd := exec.Command(program) //nolint:noctx // ended by close
	cmd.Dir, cmd.Env = dir, env
	p, err := process.StartReady(ctx, replica.name, cmd, process.NewOutput(io.Discard, ""), func(ctx context.Context) error {
		return call(ctx, http.MethodGet, "http://"+replica.operations+"/readyz", "", nil, nil)
	})
	if err != nil {
		return err
	}
	s.processes = append(s.processes, p)
	return nil
}

func (s *System) close() {
	for _, p := range s.processes {
		p.Kill()
	}
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
