package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgate/libs/config"
	"streamgate/libs/service"
)

// settings are like those of a service.
type settings struct {
	service.Settings

	Lease   time.Duration `env:"LEASE" envDefault:"10s" desc:"how long a stream lives without a sign of life"`
	Proxies []string      `env:"PROXIES" desc:"a list"`
	Demo    bool          `env:"DEMO" envDefault:"false" desc:"demo content"`
	Most    int           `env:"MOST" envDefault:"3" desc:"a number"`
	Secret  string        `env:"SECRET" desc:"a text"`
	ToOther []string      `env:"SECRETS_TO_OTHER_SVC" desc:"secrets of a pair"`
}

func (s *settings) Validate() []error {
	faults := append(s.Settings.Validate(), s.CheckPairs(map[string][]string{"SECRETS_TO_OTHER_SVC": s.ToOther})...)
	if s.Lease < time.Second {
		faults = append(faults, fmt.Errorf("LEASE: %v is not at least 1s", s.Lease))
	}
	if s.Secret != "" {
		faults = append(faults, config.CheckURL("SECRET", s.Secret))
	}
	return slices.DeleteFunc(faults, func(err error) bool { return err == nil })
}

// The test binary is also the service: a main of two lines.
func TestMain(m *testing.M) {
	if os.Getenv("AS_SERVICE") == "" {
		os.Exit(m.Run())
	}
	var s settings
	config.Main("test-svc", "v1.2.3", &s)
	fmt.Printf("runs with %v", s.Lease) //nolint:forbidigo // what the test reads
}

const required = "SECRETS_TO_OTHER_SVC=0123456789abcdef"

// run starts the service and returns its output and its exit code.
func run(t *testing.T, args []string, environ ...string) (stdout, stderr string, code int) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], args...)
	command.Env = append([]string{"AS_SERVICE=1"}, environ...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), command.ProcessState.ExitCode()
}

func TestMainOfAService(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args, environ  []string
		code           int
		stdout, stderr []string // parts
	}{
		"runs": {environ: []string{required, "LEASE= 20s "}, stdout: []string{"runs with 20s"}},
		"help": {args: []string{"-help"}, stdout: []string{
			"test-svc v1.2.3", "  LEASE (duration, default 10s)\n        how long", "PUBLIC_ADDR", "SECRETS_TO_OTHER_SVC (list)",
		}},
		"help, long": {args: []string{"--help"}, stdout: []string{"LEASE"}},
		"help, Markdown": {args: []string{"-help=markdown"}, stdout: []string{
			"| variable | type | default | meaning |\n", "\n| `LEASE` | duration | `10s` | how long a stream lives without a sign of life |\n",
		}},
		"version":         {args: []string{"-version"}, stdout: []string{"test-svc v1.2.3\n"}},
		"unknown":         {args: []string{"-port=80"}, environ: []string{required}, code: 2, stderr: []string{`unknown argument "-port=80"`}},
		"known + unknown": {args: []string{"serve", "-help"}, environ: []string{required}, code: 2, stderr: []string{`unknown argument "serve"`}},
		"four faults": {
			environ: []string{"LEASE=ten", "MOST=3.5", "LOG_FORMAT=xml"}, code: 2,
			stderr: []string{
				"test-svc: the configuration has these faults:\n", "\n  LEASE: \"ten\" is not a duration, such as 10s",
				"\n  MOST: \"3.5\" is not a whole number", "\n  LOG_FORMAT: \"xml\" is neither json nor text",
				"\n  SECRETS_TO_OTHER_SVC: missing", "See test-svc -help.",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, test.args, test.environ...)
			if code != test.code {
				t.Errorf("exit code %d, want %d: %s", code, test.code, stderr)
			}
			for _, part := range test.stdout {
				if !strings.Contains(stdout, part) {
					t.Errorf("stdout lacks %q: %s", part, stdout)
				}
			}
			for _, part := range test.stderr {
				if !strings.Contains(stderr, part) {
					t.Errorf("stderr lacks %q: %s", part, stderr)
				}
			}
			if test.code != 0 && stdout != "" || test.code == 0 && stderr != "" {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	const shorter = "INTERNAL_SECRETS: a secret is shorter than 16"
	for name, test := range map[string]struct {
		environ []string
		change  func(want *settings)
		faults  []string // the beginnings of the lines
	}{
		"defaults":      {},
		"set but empty": {environ: []string{"LEASE=", "PUBLIC_ADDR=", "DEMO="}},
		"all kinds": {
			environ: []string{"LEASE=1m", "DEMO=true", "MOST=5", "LOG_LEVEL=debug"},
			change:  func(s *settings) { s.Lease, s.Demo, s.Most, s.LogLevel = time.Minute, true, 5, slog.LevelDebug },
		},
		"a list":             {environ: []string{"PROXIES=a, b ,c"}, change: func(s *settings) { s.Proxies = []string{"a", "b", "c"} }},
		"a list, one":        {environ: []string{"PROXIES= a b "}, change: func(s *settings) { s.Proxies = []string{"a b"} }},
		"of another program": {environ: []string{"PATH=/bin", "NO_EQUALS", "=", "LEASES=ten"}},
		"duration":           {environ: []string{"LEASE=10"}, faults: []string{`LEASE: "10" is not a duration, such as 10s`}},
		"number":             {environ: []string{"MOST=many"}, faults: []string{`MOST: "many" is not a whole number`}},
		"boolean":            {environ: []string{"DEMO=maybe"}, faults: []string{`DEMO: "maybe" is not true or false`}},
		"level":              {environ: []string{"LOG_LEVEL=loud"}, faults: []string{`LOG_LEVEL: "loud" is not one of its values`}},
		"out of range":       {environ: []string{"LEASE=1ms"}, faults: []string{"LEASE: 1ms is not at least 1s"}},
		"unread, once":       {environ: []string{"DRAIN_TIMEOUT=x", "DRAIN_DELAY=-1s"}, faults: []string{`DRAIN_TIMEOUT: "x"`, "DRAIN_DELAY: -1s"}},
		"address":            {environ: []string{"SECRET=ftp://x"}, faults: []string{"SECRET: "}},
		"addresses": {
			environ: []string{"PUBLIC_ADDR=8080", "INTERNAL_ADDR=x", "OPERATIONS_ADDR=:x:y"},
			faults:  []string{`INTERNAL_ADDR: "x"`, `OPERATIONS_ADDR: ":x:y"`, `PUBLIC_ADDR: "8080" is not host:port`},
		},
		"proxies":           {environ: []string{"TRUSTED_PROXIES=10.0.0.0/8, ::1, x"}, faults: []string{`TRUSTED_PROXIES: "x"`}},
		"origins":           {environ: []string{"CORS_ORIGINS=https://www.example.com,*"}, faults: []string{`CORS_ORIGINS: "*" is not an origin`}},
		"short secret":      {environ: []string{"INTERNAL_SECRETS=0123456789abcdef,short"}, faults: []string{shorter}},
		"secret of a comma": {environ: []string{"INTERNAL_SECRETS=0123456789abcdef,"}, faults: []string{shorter}},
		"secret in words":   {environ: []string{"INTERNAL_SECRETS=correct horse battery"}, faults: []string{"INTERNAL_SECRETS: a secret has other"}},
		"drain for hours":   {environ: []string{"DRAIN_TIMEOUT=1h", "DRAIN_DELAY=1h"}, faults: []string{"DRAIN_DELAY: 1h", "DRAIN_TIMEOUT: 1h"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got, want settings
			err := config.Load(&got, append([]string{required}, test.environ...))
			var lines []string
			if err != nil {
				lines = strings.Split(err.Error(), "\n")
			}
			if len(lines) != len(test.faults) {
				t.Fatalf("faults %q, want %q", lines, test.faults)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, test.faults[i]) {
					t.Errorf("fault %q, want %q", line, test.faults[i])
				}
			}
			if err != nil {
				return
			}
			if err := config.Load(&want, []string{required}); err != nil {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(&want)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestSecretsAreAcceptedWithSpacesAround(t *testing.T) {
	t.Parallel()
	var s settings
	if err := config.Load(&s, []string{"INTERNAL_SECRETS= 0123456789abcdef , fedcba9876543210 "}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"0123456789abcdef", "fedcba9876543210"}; !slices.Equal(s.InternalSecrets, want) {
		t.Errorf("got %q: a header would not carry the spaces", s.InternalSecrets)
	}
}

func TestFaultsTellNoSecret(t *testing.T) {
	t.Parallel()
	err := config.Load(&settings{}, []string{"INTERNAL_SECRETS=hunter2,hunter3 and more of it"})
	if err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("error %v", err)
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	var names []string
	for _, v := range config.Describe(&settings{}) {
		names = append(names, v.Name)
		if v.Description == "" || v.Type == "" {
			t.Errorf("%+v says too little", v)
		}
	}
	if names[0] != "PUBLIC_ADDR" || names[len(names)-1] != "SECRETS_TO_OTHER_SVC" || len(names) != 21 {
		t.Errorf("variables %q", names)
	}
	for _, value := range []any{settings{}, &settings{}} {
		if len(config.Describe(value)) != len(names) {
			t.Error("a pointer is described otherwise than what it points to")
		}
	}
}

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for value, right := range map[string]bool{
		"http://session-svc:8081": true, "https://x": true,
		"": false, "session-svc:8081": false, "//x": false, "http://": false, "redis://x": false, "http://%": false,
	} {
		if err := config.CheckURL("X_URL", value); (err == nil) != right || err != nil && !strings.HasPrefix(err.Error(), "X_URL: ") {
			t.Errorf("%q: %v", value, err)
		}
	}
}
