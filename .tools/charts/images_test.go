package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheREADMEsImages runs the README's lines that build the images, with a ko that only says what it was given.
func TestTheREADMEsImages(t *testing.T) {
	t.Parallel()
	root := filepath.Join(Folder(), "..")
	git := func(args ...string) string {
		said, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", root}, args...)...).Output()
		if err != nil {
			t.Skip("there is no commit whose age the images could have")
		}
		return strings.TrimSpace(string(said))
	}
	age, version := git("log", "-1", "--format=%ct"), git("describe", "--always")
	text, err := os.ReadFile(filepath.Join(Folder(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var lines string
	for paragraph := range strings.SplitSeq(string(text), "\n\n") {
		if strings.Contains(paragraph, " ko build ") {
			lines = paragraph
		}
	}
	tools := t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "ko"), []byte("#!/bin/sh\necho \"${PWD##*/} $SOURCE_DATE_EPOCH $VERSION\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-ec", lines)
	shell.Dir = root
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "VERSION=") && !strings.HasPrefix(variable, "SOURCE_DATE_EPOCH=") && !strings.HasPrefix(variable, "PATH=") {
			shell.Env = append(shell.Env, variable)
		}
	}
	shell.Env = append(shell.Env, "PATH="+tools+":"+os.Getenv("PATH"))
	said, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s in %s", err, said, lines)
	}
	built := strings.Split(strings.TrimSpace(string(said)), "\n")
	if len(built) != 3 {
		t.Errorf("built %q", built)
	}
	for _, image := range built {
		fields := strings.Fields(image)
		if len(fields) != 3 || fields[1] != age || !strings.HasPrefix(fields[2], version) {
			t.Errorf("%q, want the age %s and the version %s", image, age, version)
		}
	}
}
