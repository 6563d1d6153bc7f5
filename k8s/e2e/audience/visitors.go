package audience

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// plain makes a request that is not a player's, and returns the body of the answer if that was as wanted.
func (a *Audience) plain(ctx context.Context, what, method, path, authorization string, due time.Time, want int) []byte {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w := &witness{transport: a.transport}
	request, err := http.NewRequestWithContext(ctx, method, a.options.Base+path, http.NoBody)
	if err != nil {
		panic(err) // an address that we made ourselves
	}
	request.Header.Set("Authorization", authorization)
	r := Request{What: what, Due: due}
	var body []byte
	if response, err := (&http.Client{Transport: w}).Do(request); err == nil {
		body, _ = io.ReadAll(response.Body) // the witness has the error
		_ = response.Body.Close()
		r.Status, r.RetryAfter = response.StatusCode, response.Header.Get("Retry-After") != ""
	}
	if r.Took = time.Since(due); !w.whole() || r.Status != want {
		r.Fault, body = fmt.Sprintf("not %d but %s", want, w.says()), nil
	}
	a.note(r)
	return body
}

// signIn signs another device in, looks at the catalogue, and signs out.
func (a *Audience) signIn(ctx context.Context, account *Account, due time.Time) {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(account.Email+":"+Password))
	body := a.plain(ctx, "sign-in", http.MethodPost, "/auth", basic, due, http.StatusCreated)
	if body == nil {
		return
	}
	device, _, err := signedIn(body)
	if err != nil {
		a.note(Request{What: "sign-in", Due: due, Took: time.Since(due), Fault: err.Error()})
		return
	}
	bearer := "Bearer " + device.Token
	a.plain(ctx, "catalogue", http.MethodGet, "/content", bearer, time.Now(), http.StatusOK)
	a.plain(ctx, "sign-out", http.MethodDelete, "/auth", bearer, time.Now(), http.StatusNoContent)
}

// silence is how long a server may send nothing; it sends a sign of life every 15 seconds.
const silence = 20 * time.Second

// listen listens to an account's events, and again when the server ends the answer. A broken connection is a failure.
func (a *Audience) listen(ctx context.Context, account *Account) {
	for {
		due := time.Now()
		status, first, err := a.events(ctx, account)
		select {
		case <-a.ended: // by us
			return
		default:
		}
		r := Request{What: "events", Due: due, Took: first, Status: status}
		if err != nil {
			r.Fault = err.Error()
			r.Took = time.Since(due)
		}
		a.note(r)
		if err != nil {
			pause := time.NewTimer(time.Second) // as a browser does
			select {
			case <-a.ended:
			case <-pause.C:
			}
		}
	}
}

// events reads one answer to its end, and returns when its first event came.
func (a *Audience) events(ctx context.Context, account *Account) (status int, first time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-a.ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	quiet := time.AfterFunc(silence, cancel)
	defer quiet.Stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.options.Base+"/streams/events", http.NoBody)
	if err != nil {
		panic(err) // an address that we made ourselves
	}
	request.Header.Set("Authorization", "Bearer "+account.Device.Token)
	began := time.Now()
	response, err := (&http.Client{Transport: a.transport}).Do(request)
	if err != nil {
		return 0, 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, most))
		return response.StatusCode, 0, fmt.Errorf("not 200 but %d %s", response.StatusCode, text)
	}
	lines := bufio.NewReader(response.Body)
	for {
		line, err := lines.ReadString('\n')
		quiet.Reset(silence)
		if first == 0 && strings.HasPrefix(line, "data: ") {
			first = time.Since(began)
		}
		switch {
		case err == nil:
		case first == 0:
			return response.StatusCode, 0, fmt.Errorf("no event before the end: %w", err)
		case errors.Is(err, io.EOF):
			return response.StatusCode, first, nil
		default:
			return response.StatusCode, first, fmt.Errorf("after %v: %w", time.Since(began).Round(time.Millisecond), err)
		}
	}
}
