package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5" // what Gravatar names its pictures by
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/table"
)

// answer is an answer as curl -i prints it.
type answer struct {
	http.Header

	text []byte
}

// curl runs curl as at a shell, and requires a status.
func curl(ctx context.Context, t *testing.T, status int, args ...string) answer {
	t.Helper()
	text, err := exec.CommandContext(ctx, "curl", append([]string{"-sS", "-i", "--max-time", "20"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl %s: %v: %s", strings.Join(args, " "), err, text)
	}
	response, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil {
		t.Fatalf("curl %s: %v: %s", strings.Join(args, " "), err, text)
	}
	defer response.Body.Close()
	body := io.Reader(response.Body)
	if len(response.TransferEncoding) > 0 { // which curl has taken off
		body = bytes.NewReader(text[bytes.Index(text, []byte("\r\n\r\n"))+4:])
	}
	a := answer{Header: response.Header}
	if a.text, err = io.ReadAll(body); err != nil || response.StatusCode != status {
		t.Fatalf("curl %s: not %d: %v\n%s", strings.Join(args, " "), status, err, text)
	}
	return a
}

// into reads the answer's JSON.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.text, v); err != nil {
		t.Fatalf("%v in %s", err, a.text)
	}
}

// has requires headers that match, each given by a regular expression.
func (a answer) has(t *testing.T, headers map[string]string) {
	t.Helper()
	for name, pattern := range headers {
		if value := a.Get(name); !regexp.MustCompile("^" + pattern + "$").MatchString(value) {
			t.Errorf("%s: %q, not %s", name, value, pattern)
		}
	}
}

// tour is the README's tour, line by line.
func tour(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	email := s.run + "-Tour@example.com"
	var account struct{ ID, Name, Picture, Email, CreatedAt string }
	curl(ctx, t, http.StatusCreated, "-X", "POST", s.url+"/users", "-d", "email="+email+"&password=123456").into(t, &account)
	sum := md5.Sum([]byte(strings.ToLower(email)))
	if !regexp.MustCompile("^[0-9a-f]{24}$").MatchString(account.ID) || account.Name != strings.Split(email, "@")[0] || account.CreatedAt == "" ||
		!strings.Contains(account.Picture, hex.EncodeToString(sum[:])) {
		t.Errorf("account %+v", account)
	}
	putBack(ctx, t, func(ctx context.Context) error { return (&audience.Account{Email: email}).Delete(ctx, s.url) })

	var signIn struct{ Token, TokenType string }
	curl(ctx, t, http.StatusCreated, "-X", "POST", s.url+"/auth", "-u", email+":123456").into(t, &signIn)
	token := "access_token=" + signIn.Token

	list := curl(ctx, t, http.StatusOK, "-X", "GET", s.url+"/content", "-d", token)
	var catalogue []struct{ ID, Src string }
	list.into(t, &catalogue)
	if len(catalogue) == 0 || catalogue[0].Src != "" || list.Get("X-Total-Count") != strconv.Itoa(len(catalogue)) {
		t.Errorf("catalogue %s, X-Total-Count %s", list.text, list.Get("X-Total-Count"))
	}

	var play struct {
		Source string
		Stream struct{ ID, Content string }
	}
	for n := range 3 {
		a := curl(ctx, t, http.StatusOK, "-X", "GET", s.url+"/content/"+content+"/play", "-d", token)
		a.into(t, &play)
		a.has(t, map[string]string{
			"Location": "/streams/" + play.Stream.ID, "Expires": ".+ GMT", "Cache-Control": "no-store",
			"X-Stream-Limit": "3", "X-Stream-Active": strconv.Itoa(n + 1),
		})
		if play.Stream.Content != content || !strings.HasPrefix(play.Source, s.url+"/media/") {
			t.Errorf("play %s", a.text)
		}
	}

	refusal := curl(ctx, t, http.StatusForbidden, "-X", "GET", s.url+"/content/"+content+"/play", "-d", token)
	refusal.has(t, map[string]string{"Content-Type": "application/problem\\+json.*", "Retry-After": "([1-9]|10)"})
	var problem struct {
		Code          string
		Limit, Active int
		Streams       []struct{ ID string }
	}
	refusal.into(t, &problem)
	if problem.Code != "stream_limit_reached" || problem.Limit != 3 || problem.Active != 3 || len(problem.Streams) != 3 {
		t.Errorf("refusal %s", refusal.text)
	}

	video := curl(ctx, t, http.StatusPartialContent, play.Source, "-H", "Range: bytes=4-7")
	video.has(t, map[string]string{"Content-Range": "bytes 4-7/\\d{5,}", "Etag": `".+"`, "Content-Type": "video/.+"})
	if string(video.text) != "ftyp" { // of an MP4 file, these bytes
		t.Errorf("video %q", video.text)
	}

	curl(ctx, t, http.StatusNoContent, "-X", "DELETE", s.url+"/streams/"+play.Stream.ID, "-H", "Authorization: Bearer "+signIn.Token)
	curl(ctx, t, http.StatusOK, "-X", "GET", s.url+"/content/"+content+"/play", "-d", token)
	app := curl(ctx, t, http.StatusOK, s.url+"/")
	app.has(t, map[string]string{"Content-Type": "text/html.*", "Content-Security-Policy": "default-src 'none'.*"})
	for _, file := range regexp.MustCompile(`/app/[^"]+\.js`).FindAllString(string(app.text), -1) {
		curl(ctx, t, http.StatusOK, s.url+file).has(t, map[string]string{"Content-Type": "text/javascript.*"})
	}
	row.Remark = "the fourth play is a 403; video comes by the grant's address"
}
