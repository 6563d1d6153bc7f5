package audience

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"streamgate/k8s/load/player"
)

// Password is the password of every account.
const Password = "123456"

// Account is an account with a device that is signed in.
type Account struct {
	Email   string
	Device  player.Device
	Refresh string // the device's refresh token

	signedIn time.Time
}

// lasts is how long a token must still be valid for a load of some minutes. An access token is valid for ten.
const lasts = 3 * time.Minute

// SignUp creates an account at the address of the ingress, and signs a device in.
func SignUp(ctx context.Context, base, email string) (*Account, error) {
	status, body, err := ask(ctx, http.MethodPost, base+"/users", nil, url.Values{"email": {email}, "password": {Password}})
	if err != nil || status != http.StatusCreated {
		return nil, fmt.Errorf("sign %s up: %d %s: %w", email, status, body, err)
	}
	a := &Account{Email: email}
	return a, a.SignIn(ctx, base)
}

// SignIn signs the account's device in, as a new session.
func (a *Account) SignIn(ctx context.Context, base string) error {
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(a.Email+":"+Password))
	status, body, err := ask(ctx, http.MethodPost, base+"/auth", http.Header{"Authorization": {basic}}, nil)
	if err == nil && status == http.StatusCreated {
		a.signedIn = time.Now()
		a.Device, a.Refresh, err = signedIn(body)
	}
	if err != nil || status != http.StatusCreated {
		return fmt.Errorf("sign %s in: %d %s: %w", a.Email, status, body, err)
	}
	return nil
}

// Delete deletes the account, and with it all that it plays.
func (a *Account) Delete(ctx context.Context, base string) error {
	if err := a.SignIn(ctx, base); err != nil { // its token may have expired
		return err
	}
	bearer := http.Header{"Authorization": {"Bearer " + a.Device.Token}}
	status, body, err := ask(ctx, http.MethodDelete, base+"/users/me", bearer, url.Values{"password": {Password}})
	if err != nil || status != http.StatusNoContent {
		return fmt.Errorf("delete %s: %d %s: %w", a.Email, status, body, err)
	}
	return nil
}

// signedIn reads the answer to a sign-in. The session is a claim of the token.
func signedIn(body []byte) (player.Device, string, error) {
	var answer struct {
		Token   string `json:"token"`
		Refresh string `json:"refreshToken"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return player.Device{}, "", fmt.Errorf("answer to a sign-in: %w", err)
	}
	_, rest, _ := strings.Cut(answer.Token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return player.Device{}, "", fmt.Errorf("access token: %w", err)
	}
	var claims struct {
		Account string `json:"sub"`
		Session string `json:"sid"`
	}
	if err := json.Unmarshal(text, &claims); err != nil {
		return player.Device{}, "", fmt.Errorf("access token: %w", err)
	}
	return player.Device{Account: claims.Account, Session: claims.Session, Token: answer.Token}, answer.Refresh, nil
}

// unmeasured sends what is done before and after a load.
var unmeasured = &http.Client{Timeout: 20 * time.Second}

func ask(ctx context.Context, method, address string, header http.Header, form url.Values) (int, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, err
	}
	if header != nil {
		request.Header = header
	}
	if len(form) > 0 {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := unmeasured.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}
