package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"streamgate/libs/jsonhttp"
)

// Client asks Streamgate as one device. Its methods may be called at the same time.
type Client struct {
	base string
	http *http.Client
	kept func(refreshToken string)

	mu      sync.Mutex // held while tokens are fetched, so that each refresh token is used once
	access  string
	until   time.Time // when access ends
	refresh string
}

// Options of a client.
type Options struct {
	// BaseURL is scheme and host of the API, such as https://video.example.com.
	BaseURL string
	// HTTP makes the requests. Its Timeout must be 0, since Watch lasts; by default it is a client of this package's own.
	HTTP *http.Client
	// RefreshToken is that of an earlier sign-in, if there was one.
	RefreshToken string
	// Keep is told of each new refresh token, which is good once, and of "" after the device was signed out. It may be nil.
	Keep func(refreshToken string)
}

// answerWithin bounds how long an answer takes, but for those of Watch.
const answerWithin = 20 * time.Second

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

// fresh is for how long an access token must still be good to be used.
const fresh = 30 * time.Second

// New makes a client, which asks nothing yet.
func New(o Options) *Client {
	c := &Client{base: strings.TrimSuffix(o.BaseURL, "/"), http: o.HTTP, kept: o.Keep, refresh: o.RefreshToken}
	if c.http == nil {
		c.http = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()} //nolint:forcetypeassert // the standard library's
	}
	return c
}

// tokens is the answer to a sign-in and a refresh.
type tokens struct {
	Token        string  `json:"token"`
	ExpiresIn    float64 `json:"expiresIn"` // seconds
	RefreshToken string  `json:"refreshToken"`
}

// SignIn signs the device in.
func (c *Client) SignIn(ctx context.Context, email, password string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var got tokens
	basic := func(r *http.Request) { r.SetBasicAuth(email, password) }
	if err := c.ask(ctx, http.MethodPost, "/auth", struct{}{}, &got, basic); err != nil {
		return err
	}
	c.accept(got)
	return nil
}

// SignOut signs the device out, which ends its streams.
func (c *Client) SignOut(ctx context.Context) error {
	if err := c.call(ctx, http.MethodDelete, "/auth", nil, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accept(tokens{})
	return nil
}

func (c *Client) accept(got tokens) {
	c.access, c.refresh = got.Token, got.RefreshToken
	c.until = time.Now().Add(time.Duration(got.ExpiresIn * float64(time.Second)))
	if c.kept != nil {
		c.kept(c.refresh)
	}
}

// errSignedOut is the answer to a device without a refresh token, as the services would give it.
var errSignedOut = &Problem{Status: http.StatusUnauthorized, Code: "token_required", Detail: "Nobody is signed in."}

// token returns an access token that is good, other than one that was refused.
func (c *Client) token(ctx context.Context, refused string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.access != "" && c.access != refused && time.Until(c.until) > fresh {
		return c.access, nil
	}
	if c.refresh == "" {
		return "", errSignedOut
	}
	var got tokens
	err := c.ask(ctx, http.MethodPost, "/auth/refresh", map[string]string{"refreshToken": c.refresh}, &got, nil)
	if p, ok := errors.AsType[*Problem](err); ok && p.Status == http.StatusUnauthorized {
		c.accept(tokens{}) // it was signed out
	}
	if err != nil {
		return "", err
	}
	c.accept(got)
	return c.access, nil
}

// call asks as the device that is signed in.
func (c *Client) call(ctx context.Context, method, path string, in, out any, change ...func(*http.Request)) error {
	return c.authorized(ctx, func(authorize func(*http.Request)) error {
		return c.ask(ctx, method, path, in, out, func(r *http.Request) {
			authorize(r)
			for _, apply := range change {
				apply(r)
			}
		})
	})
}

// authorized asks with an access token, and once more with another if that one is refused.
func (c *Client) authorized(ctx context.Context, ask func(authorize func(*http.Request)) error) error {
	refused := ""
	for {
		token, err := c.token(ctx, refused)
		if err != nil {
			return err
		}
		err = ask(func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
		if p, ok := errors.AsType[*Problem](err); !ok || p.Status != http.StatusUnauthorized || refused != "" {
			return err
		}
		refused = token
	}
}

// ask sends a request, and reads the answer into out, which may be nil.
func (c *Client) ask(ctx context.Context, method, path string, in, out any, change func(*http.Request)) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	response, err := c.send(ctx, method, path, in, change) //nolint:bodyclose // Read closes it
	if err != nil {
		return err
	}
	if err := jsonhttp.Read(response, maxAnswer, out); err != nil {
		return fmt.Errorf("%s %s: read the answer: %w", method, path, err)
	}
	return nil
}

// send returns an answer of success. Any other is an error of the types that doc.go names.
func (c *Client) send(ctx context.Context, method, path string, in any, change func(*http.Request)) (*http.Response, error) {
	request, err := jsonhttp.NewRequest(ctx, method, c.base+path, in)
	if err != nil {
		return nil, err
	}
	if change != nil {
		change(request)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusMultipleChoices {
		defer response.Body.Close()
		return nil, readProblem(response)
	}
	return response, nil
}
