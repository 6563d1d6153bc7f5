package stack

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"streamgate/k8s/load/player"
)

// Admin is the first administrator of user-svc, with its password.
const (
	Admin         = "admin@example.com"
	AdminPassword = "the password of the administrator"
)

func userSettings(o Options) []string {
	return append([]string{
		"MONGODB_URI=" + o.MongoURI, "MONGODB_DATABASE=prove_users_" + strconv.Itoa(os.Getpid()), "TOKEN_ISSUER=" + issuer,
		"TOKEN_KEY_FILES=" + filepath.Join(o.Dir, "token-key.pem"), "TOKEN_KEY_GENERATE=true",
		"ADMIN_EMAIL=" + Admin, "ADMIN_PASSWORD=" + AdminPassword,
		"SECRETS_TO_SESSION_SVC=" + Secret("user", "session"), "SECRETS_FROM_SESSION_SVC=" + Secret("session", "user"),
	}, o.Settings...)
}

// SignUp makes an account at user-svc, and returns its id.
func (s *Stack) SignUp(ctx context.Context, email, password string) (string, error) {
	var made struct {
		ID string `json:"id"`
	}
	err := s.askUser(ctx, http.MethodPost, "/users", "", url.Values{"email": {email}, "password": {password}}, &made)
	return made.ID, err
}

// SignInAs signs a device in at user-svc.
func (s *Stack) SignInAs(ctx context.Context, email, password string) (*player.Device, error) {
	var answer struct {
		Token        string `json:"token"`
		RefreshToken string `json:"refreshToken"`
		User         struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	if err := s.askUser(ctx, http.MethodPost, "/auth", Basic(email, password), nil, &answer); err != nil {
		return nil, err
	}
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(answer.Token, ".")[1])
	if err != nil {
		return nil, err
	}
	var of struct {
		Session string `json:"sid"`
	}
	if err := json.Unmarshal(claims, &of); err != nil {
		return nil, err
	}
	return &player.Device{Account: answer.User.ID, Session: of.Session, Token: answer.Token, Refresh: answer.RefreshToken}, nil
}

// SetRole gives an account a role, as an administrator.
func (s *Stack) SetRole(ctx context.Context, admin *player.Device, account, role string) error {
	return s.askUser(ctx, http.MethodPut, "/users/"+account, "Bearer "+admin.Token, url.Values{"role": {role}}, new(any))
}

// Basic returns the header Authorization of a name and a password.
func Basic(email, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(email+":"+password))
}

func (s *Stack) askUser(ctx context.Context, method, path, authorization string, form url.Values, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, s.User.Public+path, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := s.http.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s: %s", path, response.Status)
	}
	return json.UnmarshalRead(response.Body, into)
}

// userService returns the addresses of user-svc, or of the stand-in for it.
func (s *Stack) userService(ctx context.Context) (public, internal string, err error) {
	if s.o.User == "" {
		return s.standIn.url, s.standIn.url, nil
	}
	if s.User, err = newService(ctx, s.o.Dir, "user-svc", s.o.User, userSettings(s.o)); err != nil {
		return "", "", err
	}
	return s.User.Public, s.User.Internal, nil
}

// startUser starts user-svc, if there is one, once session-svc is there.
func (s *Stack) startUser(ctx context.Context) error {
	if s.User == nil {
		return nil
	}
	s.User.env = append(s.User.env, "SESSION_SVC_URL="+s.Sessions[0].Internal)
	return s.User.Start(ctx)
}
