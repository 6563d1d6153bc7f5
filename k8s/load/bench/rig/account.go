package rig

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
)

// The properties of every account of a benchmark.
const (
	Limit   = 3
	Content = "607c55840e977203b4d8b5e5"
	prefix  = "aaaaaaaaaaaa" // of the ids of accounts, before twelve digits
)

// Devices are the names of an account's three devices, of 16 bytes each.
var Devices = [Limit]string{"Living room TV 1", "Kitchen tablet 2", "Phone of Maria 3"}

// AccountID returns the id of account n.
func AccountID(n int) string { return fmt.Sprintf("%s%012d", prefix, n) }

// Account is an account that was made through the service. Others are copies of it: they have its session and its
// streams, with the same ids.
type Account struct {
	ID, Session, Token string
	Streams            []string
}

// templates is the number from which accounts that are made through the service are counted.
const templates = 900_000_000_000

// NewAccount signs a new account in.
func (s *Service) NewAccount(ctx context.Context) (*Account, error) {
	a := &Account{ID: AccountID(templates + s.made)}
	s.made++
	var opened struct {
		ID string `json:"id"`
	}
	err := s.post(ctx, s.Internal, "/internal/sessions", "", map[string]any{"account": a.ID, "device": Devices[0]}, &opened)
	if err != nil {
		return nil, err
	}
	a.Session = opened.ID
	a.Token, err = s.world.Token(a.ID, a.Session)
	return a, err
}

// Play starts the account's streams, up to its limit.
func (s *Service) Play(ctx context.Context, a *Account) error {
	for len(a.Streams) < Limit {
		if err := s.PlayOne(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// PlayOne starts one more stream.
func (s *Service) PlayOne(ctx context.Context, a *Account) error {
	var playing struct {
		Stream struct {
			ID string `json:"id"`
		} `json:"stream"`
	}
	device := Devices[len(a.Streams)]
	err := s.post(ctx, s.Public, "/streams", a.Token, map[string]any{"content": Content, "device": device, "player": "player of " + device}, &playing)
	if err == nil {
		a.Streams = append(a.Streams, playing.Stream.ID)
	}
	return err
}

// StopStream stops a stream.
func (s *Service) StopStream(ctx context.Context, a *Account, id string) error {
	return s.call(ctx, http.MethodDelete, s.Public, "/streams/"+id, a.Token, nil, nil)
}

// Heartbeat renews a stream.
func (s *Service) Heartbeat(ctx context.Context, a *Account, id string) error {
	return s.post(ctx, s.Public, "/streams/"+id+"/heartbeat", a.Token, nil, nil)
}

// List lists the streams.
func (s *Service) List(ctx context.Context, a *Account) error {
	return s.call(ctx, http.MethodGet, s.Public, "/streams", a.Token, nil, nil)
}

// Raw returns the bytes of an id.
func Raw(id string) string {
	b, _ := base64.RawURLEncoding.DecodeString(id) // the service gave it
	return string(b)
}

func (s *Service) post(ctx context.Context, addr, path, token string, in, out any) error {
	return s.call(ctx, http.MethodPost, addr, path, token, in, out)
}

func (s *Service) call(ctx context.Context, method, addr, path, token string, in, out any) error {
	var text []byte
	if in != nil {
		text, _ = json.Marshal(in) // maps of strings
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+addr+path, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Internal-Secret", secret)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	body, status, err := do(request)
	if err != nil {
		return err
	}
	if status >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s answered %d %s", method, path, status, body)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}
