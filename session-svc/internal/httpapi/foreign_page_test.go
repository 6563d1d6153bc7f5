package httpapi_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"go.yaml.in/yaml/v4"

	"streamgate/session-svc/internal/config"
	issuers "streamgate/session-svc/internal/issuer"
)

// page returns the blocks of the document about other issuers that are in this language.
func page(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../../charts/doors/identity.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?ms)^ *```"+language+"\n(.*?)^ *```$").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

func TestSettingsOfThePage(t *testing.T) {
	t.Parallel()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(page(t, "yaml")[0]), &values); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(values["issuers"])
	if err != nil {
		t.Fatal(err)
	}
	settings, faults := issuers.Parse(string(text), "streamgate")
	if len(faults) > 0 || len(settings) != 5 {
		t.Errorf("%d issuers, %v", len(settings), errors.Join(faults...))
	}
}

// The commands of the page make a key, sign a token and play.
func TestCommandsOfThePage(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"openssl", "jq", "curl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s in PATH (Debian: apt-get install openssl jq curl coreutils)", program)
		}
	}
	dir := t.TempDir()
	run := func(commands string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "sh", "-euc", commands)
		cmd.Dir = dir
		output, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	blocks := page(t, "sh")
	if len(blocks) != 3 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	variable := run(blocks[0] + "\nprintf %s \"$ISSUERS\"")
	g := startForeign(t, nil, func(c *config.Config) { c.Issuers = variable })
	output := run(strings.NewReplacer("http://127.0.0.1:9000", g.PublicURL, "607c55840e977203b4d8b5e5", g.content).Replace(blocks[1]))
	answers := regexp.MustCompile(`HTTP/1\.1 (\d+)`).FindAllStringSubmatch(output, -1)
	if len(answers) != 3 || answers[0][1] != "200" || answers[1][1] != "403" || answers[2][1] != "200" || !strings.Contains(output, `"stream_limit_reached"`) {
		t.Error(output)
	}
	if id := strings.TrimSpace(run(blocks[2])); id != accountOf("viewer-1") {
		t.Errorf("an account's id is %q, want %q", id, accountOf("viewer-1"))
	}
	if _, err := os.Stat(filepath.Join(dir, "playback.pub")); err != nil {
		t.Error(err)
	}
}
