package screens

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/jsonhttp"
)

// Device is signed in.
type Device struct {
	Account string
	Token   string

	base string // address of a replica of session-svc
}

// refused is an answer that is no success.
type refused struct {
	status int
	text   string
}

func (r *refused) Error() string { return fmt.Sprintf("answered %d: %s", r.status, r.text) }

// SignIn signs a device in.
func (s *System) SignIn(ctx context.Context, email, password string) (*Device, error) {
	var answer struct {
		Token string `json:"token"`
		User  struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(email+":"+password))
	err := call(ctx, http.MethodPost, s.accounts+"/auth", basic, map[string]any{}, &answer)
	for range patience / time.Second {
		if no, ok := errors.AsType[*refused](err); !ok || no.status != http.StatusServiceUnavailable || ctx.Err() != nil {
			break
		}
		<-time.After(time.Second) // too many sign in at once
		err = call(ctx, http.MethodPost, s.accounts+"/auth", basic, map[string]any{}, &answer)
	}
	return &Device{Account: answer.User.ID, Token: answer.Token, base: s.sessions[0]}, err
}

// Account opens an account that may have so many streams, and signs so many of its devices in.
func (s *System) Account(ctx context.Context, streams, devices int) ([]*Device, error) {
	email, password := hex.EncodeToString(random(8))+"@example.com", "123456"
	var answer struct {
		ID string `json:"id"`
	}
	err := call(ctx, http.MethodPost, s.accounts+"/users", "", map[string]any{"email": email, "password": password}, &answer)
	if err != nil {
		return nil, err
	}
	plan := map[string]any{"maxStreams": streams, "onLimit": "deny"}
	admin, err := s.SignIn(ctx, adminEmail, adminPassword) // anew, since tokens last for minutes
	if err != nil {
		return nil, err
	}
	if err := admin.call(ctx, http.MethodPut, "/accounts/"+answer.ID+"/plan", plan, nil); err != nil {
		return nil, err
	}
	var signedIn []*Device
	for range devices {
		d, err := s.SignIn(ctx, email, password)
		if err != nil {
			return nil, err
		}
		signedIn = append(signedIn, d)
	}
	return signedIn, nil
}

// Publish puts a film into the catalogue, unless it is there.
func (r *Rig) Publish(ctx context.Context, f *Film) error {
	if f.ID != "" {
		return nil
	}
	kind := "vod"
	if f.Live {
		kind = "livestream"
	}
	var answer struct {
		ID string `json:"id"`
	}
	admin, err := r.system.SignIn(ctx, adminEmail, adminPassword)
	if err == nil {
		err = admin.call(ctx, http.MethodPost, "/content", map[string]any{"type": kind, "name": f.Name, "src": f.Src}, &answer)
	}
	f.ID = answer.ID
	return err
}

// Started is the answer to a start.
type Started struct {
	Source string `json:"source"`
	Stream struct {
		ID                string  `json:"id"`
		CMCD              string  `json:"cmcd"`
		HeartbeatInterval float64 `json:"heartbeatInterval"` // seconds
	} `json:"stream"`
}

// Start starts a stream, on the replica at base if that isn't "".
func (d *Device) Start(ctx context.Context, base, content, player string) (started Started, err error) {
	if base == "" {
		base = d.base
	}
	err = call(ctx, http.MethodGet, base+"/content/"+content+"/play?player="+player, "Bearer "+d.Token, nil, &started)
	return started, err
}

// Heartbeat renews a stream.
func (d *Device) Heartbeat(ctx context.Context, stream string) error {
	return d.call(ctx, http.MethodPost, "/streams/"+stream+"/heartbeat", map[string]any{}, nil)
}

// Stop stops a stream.
func (d *Device) Stop(ctx context.Context, stream string) error {
	return d.call(ctx, http.MethodDelete, "/streams/"+stream, nil, nil)
}

// Streams returns the ids of the account's streams that hold a slot.
func (d *Device) Streams(ctx context.Context) (map[string]bool, error) {
	var answer struct {
		Streams []struct {
			ID string `json:"id"`
		} `json:"streams"`
	}
	err := d.call(ctx, http.MethodGet, "/streams", nil, &answer)
	holding := map[string]bool{}
	for _, s := range answer.Streams {
		holding[s.ID] = true
	}
	return holding, err
}

func (d *Device) call(ctx context.Context, method, path string, in, out any) error {
	return call(ctx, method, d.base+path, "Bearer "+d.Token, in, out)
}

// asking is for how long a call waits for its answer.
const asking = 20 * time.Second

func call(ctx context.Context, method, address, authorization string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	request, err := jsonhttp.NewRequest(ctx, method, address, in)
	if err != nil {
		return err
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return err
	case response.StatusCode >= http.StatusMultipleChoices:
		return fmt.Errorf("%s %s: %w", method, request.URL.Path, &refused{response.StatusCode, string(text)})
	case out == nil:
		return nil
	}
	return json.Unmarshal(text, out)
}

// isRefused reports whether a call was answered with a refusal, rather than not at all.
func isRefused(err error) bool {
	_, ok := errors.AsType[*refused](err)
	return ok
}

// patience is how long something may take until it is ready: on a busy machine.
const patience = time.Minute
