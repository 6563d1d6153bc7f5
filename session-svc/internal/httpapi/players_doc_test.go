package httpapi_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const players = "../../../charts/doors/players.md"

// The page of docs for players: its commands are run, and print what it says. Its JavaScript is what make screens plays with.
func TestTheCommandsForPlayers(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s (Debian: apt-get install %s)", program, program)
		}
	}
	page, err := os.ReadFile(players)
	if err != nil {
		t.Fatal(err)
	}
	g := start(t, reports(time.Minute))
	g.neigh.src = "https://cdn.example.com/film/master.m3u8"
	tv := g.signIn(t, "TV")

	parts := strings.Split(string(page), "```") // prose and JavaScript, in turn
	var script strings.Builder
	var printed []string // what the page says that each command prints
	for n := 0; n < len(parts); n += 2 {
		prints := false
		for line := range strings.Lines(parts[n]) {
			line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
			command, isCommand := strings.CutPrefix(line, "$ ")
			switch {
			case indented && isCommand:
				script.WriteString("echo '==='\n" + command + "\n")
				printed = append(printed, "")
			case indented && prints:
				printed[len(printed)-1] += line + "\n"
			}
			prints = indented && (prints || isCommand)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script.String())
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "STREAMGATE="+g.PublicURL, "TOKEN="+tv.token, "CONTENT="+g.content)
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	got := strings.Split(string(output), "===\n")[1:]
	if len(got) != len(printed) || len(got) < 5 {
		t.Fatalf("%d commands of %d: %s", len(got), len(printed), output)
	}
	for i := range got {
		for line := range strings.Lines(printed[i]) {
			if !strings.Contains(strings.ReplaceAll(got[i], "\r", ""), strings.TrimSpace(line)) {
				t.Errorf("command %d prints %q, and not %q", i, got[i], line)
			}
		}
	}

	tested, err := os.ReadFile("../../../k8s/load/screens/web/reporting.js")
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 6; n += 2 { // one for each player
		if block := strings.TrimPrefix(parts[n], "js\n"); !strings.Contains(string(tested), block) {
			t.Errorf("reporting.js hasn't:\n%s", block)
		}
	}
}
