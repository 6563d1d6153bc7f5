package httpapi_test

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/apitest"
	libconfig "streamgate/libs/config"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
	"streamgate/user-svc/api"
	"streamgate/user-svc/internal/app"
	"streamgate/user-svc/internal/config"
	"streamgate/user-svc/internal/sessionsvc/sessionsvctest"
)

// The first administrator of every service of these tests.
const adminEmail, adminPassword = "admin@example.com", "admin's password"

// stack is a service for one test: everything but session-svc is real.
type stack struct {
	*testing.T

	url, internal, operations string
	keyFile                   string
	sessions                  *sessionsvctest.StandIn
	accounts                  *mongo.Collection
	cfg                       config.Config
}

// replica starts another service on the same stores.
func (s *stack) replica() *stack {
	s.Helper()
	service, err := app.New(s.cfg, "test", testkit.Logger(s))
	if err != nil {
		s.Fatal(err)
	}
	running := testkit.Run(s.T, service)
	other := *s
	other.url, other.internal, other.operations = running.PublicURL, running.InternalURL, running.OperationsURL
	return &other
}

// keys returns all that a collection holds, as text.
func (s *stack) keys(collection string) string {
	s.Helper()
	cursor, err := s.accounts.Database().Collection(collection).Find(s.Context(), bson.D{})
	var all []bson.Raw
	if err == nil {
		err = cursor.All(s.Context(), &all)
	}
	if err != nil || len(all) == 0 {
		s.Fatal(len(all), err)
	}
	return fmt.Sprint(all)
}

// boot starts a service with further settings, such as "TOKEN_TTL=5m". Every answer of its public listener is checked
// against openapi.yaml.
func boot(t *testing.T, settings ...string) *stack {
	t.Helper()
	uri, database := testkit.Mongo(t)
	sessions := sessionsvctest.New(t)
	s := &stack{T: t, sessions: sessions, keyFile: filepath.Join(t.TempDir(), "key.pem")}
	var cfg config.Config
	if err := libconfig.Load(&cfg, append([]string{
		"MONGODB_URI=" + uri, "MONGODB_DATABASE=" + database, "SESSION_SVC_URL=" + sessions.URL, "INTERNAL_SECRETS=" + sessionsvctest.Secret,
		"TOKEN_KEY_FILES=" + s.keyFile, "TOKEN_KEY_GENERATE=true", "ADMIN_EMAIL=" + adminEmail, "ADMIN_PASSWORD=" + adminPassword,
	}, settings...)); err != nil {
		t.Fatal(err)
	}
	service, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	s.cfg = cfg
	service.Public = apitest.Watch(t, api.Spec, service.Public)
	running := testkit.Run(t, service)
	s.url, s.internal, s.operations = running.PublicURL, running.InternalURL, running.OperationsURL

	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	s.accounts = client.Database(database).Collection("accounts")
	return s
}

func (s *stack) do(method, path, body string, options ...testkit.Option) testkit.Answer {
	s.Helper()
	return testkit.Do(s, method, s.url+path, body, options...)
}

// internally sends a request to the internal listener, as session-svc would.
func (s *stack) internally(method, path, body string) testkit.Answer {
	s.Helper()
	return testkit.Do(s, method, s.internal+path, body, testkit.Header(peer.SecretHeader, sessionsvctest.Secret))
}

// person is an account with a session.
type person struct {
	id, email, password, token, refreshToken string
}

const password = "correct horse"

// signUp creates an account and signs in.
func (s *stack) signUp(email string) person {
	s.Helper()
	s.do("POST", "/users", form("email", email, "password", password)).Want(s, 201)
	return s.signIn(email, password)
}

func (s *stack) signIn(email, password string) person {
	s.Helper()
	answer := s.do("POST", "/auth", "", testkit.Basic(email, password)).Want(s, 201).JSON(s)
	return person{
		id: at(answer, "user", "id").(string), email: email, password: password,
		token: at(answer, "token").(string), refreshToken: at(answer, "refreshToken").(string),
	}
}

func (s *stack) admin() person {
	s.Helper()
	return s.signIn(adminEmail, adminPassword)
}

func (p person) bearer() testkit.Option { return testkit.Bearer(p.token) }

// set changes a stored field of a person, as another replica or time would.
func (s *stack) set(p person, field string, value any) {
	s.Helper()
	id, err := bson.ObjectIDFromHex(p.id)
	if err == nil {
		_, err = s.accounts.UpdateByID(s.Context(), id, bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: value}}}})
	}
	if err != nil {
		s.Fatal(err)
	}
}

// wantSessions fails the test unless the person has that many sessions.
func (s *stack) wantSessions(p person, want int) {
	s.Helper()
	if n := len(s.sessions.Alive(p.id)); n != want {
		s.Errorf("%d sessions of %s, want %d", n, p.email, want)
	}
}

// count returns the number of accounts that are stored.
func (s *stack) count() int64 {
	s.Helper()
	n, err := s.accounts.CountDocuments(s.Context(), bson.D{})
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// metric returns the value of a series, such as `user_sign_ins_total{outcome="wrong"}`.
func (s *stack) metric(series string) string {
	s.Helper()
	for line := range strings.Lines(string(testkit.Do(s, "GET", s.operations+"/metrics", "").Want(s, 200).Body)) {
		if value, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	s.Fatalf("no metric %s", series)
	return ""
}

// form encodes names and values.
func form(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// at returns a member of nested objects.
func at(object map[string]any, path ...string) any {
	var value any = object
	for _, name := range path {
		members, ok := value.(map[string]any)
		if !ok {
			return fmt.Sprintf("no %v in %v", path, object)
		}
		value = members[name]
	}
	return value
}

// basicOf returns a person's address and password.
func basicOf(p person) testkit.Option { return testkit.Basic(p.email, p.password) }

// lock makes strangers guess at a person's password until they have to wait. The service must trust 127.0.0.1.
func (s *stack) lock(p person) {
	s.Helper()
	for n := range 10 {
		from := testkit.Header("X-Forwarded-For", fmt.Sprintf("203.0.113.%d", n))
		s.do("POST", "/auth", "", testkit.Basic(p.email, "wrong password"), from).Problem(s, 401, "invalid_credentials")
	}
}
