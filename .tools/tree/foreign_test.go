package tree

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// longest is how many bytes a line written by a person may have. Lines of minified code are hundreds of times longer.
const longest = 1000

var (
	// vendored matches the names of packed code, its source maps, its folders and its licences.
	vendored = regexp.MustCompile(`(?i)[.-]min\.(js|mjs|css)$|\.bundle\.js$|-bundle\.js$|\.map$|` +
		`(^|/)(node_modules|bower_components|vendor|third[_-]?party)/|/(licen[cs]e|notice|copying)[^/]*$`)
	// licensed matches the words at the top of a file of third parties. The patterns don't match themselves.
	licensed = regexp.MustCompile(`(?i)copyright\s+(\(c\)|©|[0-9]{4})|SPDX-[L]icense-Identifier|[l]icensed under the |` +
		`permission is (hereby) granted|redistribution and (use) in source|@[l]icense\b|/\*![^/]`)
	// checksums matches files that are written by the tools that fetch third-party code.
	checksums = regexp.MustCompile(`(^|/)(go\.sum|package-lock\.json)$`)
)

// Third-party code comes by go.mod or package-lock.json. Any other file that can't have been typed has a recipe.
func TestNothingForeignIsCommitted(t *testing.T) {
	t.Parallel()
	const root = "../.."
	// Files that are about to be added count too, so that the answer is the same before and after a commit.
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		// Links, which lead to folders, and files that are deleted but still in the index are left out.
		if info, err := os.Lstat(path.Join(root, name)); err == nil && info.Mode().IsRegular() {
			names = append(names, name)
		}
	}
	if len(names) < 100 {
		t.Fatalf("the tree has %d files", len(names))
	}
	for _, name := range names {
		if why := foreign(t, os.DirFS(root), names, name); why != "" {
			t.Errorf("%s: %s", name, why)
		}
	}
}

// foreign returns why a file can't be ours, or "".
func foreign(t *testing.T, tree fs.FS, names []string, name string) string {
	t.Helper()
	if vendored.MatchString(name) {
		return "its name is that of third-party code"
	}
	if checksums.MatchString(name) {
		return ""
	}
	text := read(t, tree, name)
	if found := licensed.Find(text); found != nil && name != "LICENSE" {
		return fmt.Sprintf("it has a foreign licence: %q", found)
	}
	if written(text) || slices.ContainsFunc(names, func(recipe string) bool { return makes(t, tree, recipe, name) }) {
		return ""
	}
	return fmt.Sprintf("it is binary or has a line of more than %d bytes, and no Makefile or generate.* in its folder or the one above names it", longest)
}

// written reports whether a text can have been typed.
func written(text []byte) bool {
	for line := range bytes.Lines(text) {
		if len(line) > longest || bytes.IndexByte(line, 0) >= 0 {
			return false
		}
	}
	return true
}

// makes reports whether a file is a recipe (a Makefile, generate.sh or the like) that names a file in its folder or
// below.
func makes(t *testing.T, tree fs.FS, recipe, name string) bool {
	t.Helper()
	folder := path.Dir(name)
	base := path.Base(recipe)
	if base != "Makefile" && !strings.HasPrefix(base, "generate.") || path.Dir(recipe) != folder && path.Dir(recipe) != path.Dir(folder) {
		return false
	}
	return bytes.Contains(read(t, tree, recipe), []byte(path.Base(name)))
}

func read(t *testing.T, tree fs.FS, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(tree, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestForeign(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", longest+1)
	tree := fstest.MapFS{}
	want := map[string]string{
		"LICENSE":             "",
		"a/own.js":            "",
		"a/go.sum":            "",
		"a/package-lock.json": "",
		"a/generate.sh":       "",
		"a/made.svg":          "",
		"a/media/made.mp4":    "",

		"a/chart.min.js":       "name",
		"a/ui-bundle.js":       "name",
		"a/ui.css.map":         "name",
		"a/vendor/x/x.go":      "name",
		"b/node_modules/x.js":  "name",
		"b/LICENSE":            "name",
		"b/NOTICE.txt":         "name",
		"b/mit.go":             "licence",
		"b/spdx.go":            "licence",
		"b/banner.js":          "licence",
		"b/packed.js":          "binary",
		"b/font.woff2":         "binary",
		"a/media/other.mp4":    "binary",
		"a/media/two/made.mp4": "binary", // two folders below its recipe
	}
	texts := map[string]string{
		"LICENSE":              "Copyright " + "(c) the owner",
		"a/go.sum":             long,
		"a/package-lock.json":  long,
		"a/generate.sh":        "make made.svg media/made.mp4",
		"a/made.svg":           long,
		"a/media/made.mp4":     "\x00",
		"b/mit.go":             "// Copyright " + "2020 The Authors",
		"b/spdx.go":            "// SPDX-" + "License-Identifier: MIT",
		"b/banner.js":          "/*" + "! jQuery v3 */",
		"b/packed.js":          "\n" + long,
		"b/font.woff2":         "wOF2\x00",
		"a/media/other.mp4":    "\x00",
		"a/media/two/made.mp4": "\x00",
	}
	var names []string
	for name := range want {
		tree[name] = &fstest.MapFile{Data: []byte(texts[name])}
		names = append(names, name)
	}
	for name, part := range want {
		if got := foreign(t, tree, names, name); (got == "") != (part == "") || !strings.Contains(got, part) {
			t.Errorf("%s: %q, want %q", name, got, part)
		}
	}
}
