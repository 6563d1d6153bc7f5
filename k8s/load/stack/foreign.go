package stack

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"streamgate/k8s/load/player"
)

// foreignIssuer signs the tokens of the accounts that aren't user-svc's.
type foreignIssuer struct{ key *ecdsa.PrivateKey }

const foreignName = "another-issuer"

func newForeignIssuer() (*foreignIssuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &foreignIssuer{key}, err
}

// foreignSettings returns the variables by which session-svc accepts tokens of another issuer, if there is one.
func (s *Stack) foreignSettings() ([]string, error) {
	if !s.o.Foreign {
		return nil, nil
	}
	var err error
	if s.foreign, err = newForeignIssuer(); err != nil {
		return nil, err
	}
	setting, err := s.foreign.setting()
	return []string{setting}, err
}

// setting returns the variable by which session-svc accepts its tokens.
func (i *foreignIssuer) setting() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(&i.key.PublicKey)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{map[string]any{
		"issuer": foreignName, "publicKeys": []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))},
		"audience": []string{issuer}, "claims": map[string]string{"session": "sid", "limit": "limit"}, "ceiling": 100,
	}})
	return "ISSUERS=" + string(text), err
}

// token signs a token for a device as the stand-in does for user-svc.
func (i *foreignIssuer) token(account string, limit int) (string, error) {
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": foreignName, "aud": issuer, "sub": account, "sid": rand.Text(), "limit": limit,
		"iat": now.Add(-time.Minute).Unix(), "exp": now.Add(14 * time.Minute).Unix(),
	}).SignedString(i.key)
}

// signInForeign signs a device in at the other issuer, and asks a replica of session-svc what it calls the device.
func (s *Stack) signInForeign(ctx context.Context, account string, limit int) (*player.Device, error) {
	token, err := s.foreign.token(account, limit)
	if err != nil {
		return nil, err
	}
	var errs error
	for _, service := range s.Sessions {
		id, err := s.ownSession(ctx, service, token)
		if err == nil {
			return &player.Device{Account: account, Session: id, Token: token}, nil
		}
		errs = errors.Join(errs, err)
	}
	return nil, errs
}

func (s *Stack) ownSession(ctx context.Context, service *Service, token string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, service.Public+"/sessions", nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := s.http.RoundTrip(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var devices []struct {
		ID      string `json:"id"`
		Current bool   `json:"current"`
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: sessions: %s", service.name, response.Status)
	}
	if err := json.UnmarshalRead(response.Body, &devices); err != nil {
		return "", err
	}
	for _, device := range devices {
		if device.Current {
			return device.ID, nil
		}
	}
	return "", fmt.Errorf("%s: sessions: the device that asks is not among them", service.name)
}
