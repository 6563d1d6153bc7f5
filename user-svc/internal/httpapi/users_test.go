package httpapi_test

import (
	"crypto/md5"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/testkit"
)

var (
	idPattern   = regexp.MustCompile(`^[0-9a-f]{24}$`)
	timePattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$`)
)

// The first line of the tour, word for word.
func TestSignUp(t *testing.T) {
	t.Parallel()
	s := boot(t)
	answer := s.do("POST", "/users", "email=test@example.com&password=123456").Want(t, 201)
	created := answer.JSON(t)
	id := created["id"].(string)
	if !idPattern.MatchString(id) || answer.Header.Get("Location") != "/users/"+id {
		t.Errorf("id %s, Location %s", id, answer.Header.Get("Location"))
	}
	if !timePattern.MatchString(created["createdAt"].(string)) {
		t.Errorf("createdAt %s", created["createdAt"])
	}
	wantMembers(t, created, map[string]any{
		"id": id, "name": "test", "picture": "https://gravatar.com/avatar/55502f40dc8b7c769880b10874abc9d0?d=identicon",
		"email": "test@example.com", "createdAt": created["createdAt"],
	})
	p := s.signIn("test@example.com", "123456")
	me := s.do("GET", "/users/me", "", p.bearer()).Want(t, 200).JSON(t)
	wantMembers(t, me, map[string]any{
		"id": id, "name": "test", "picture": created["picture"], "email": "test@example.com", "createdAt": created["createdAt"],
		"role": "user", "plan": map[string]any{"maxStreams": 3.0, "onLimit": "deny"},
	})
}

func TestSignUpAsJSON(t *testing.T) {
	t.Parallel()
	s := boot(t)
	created := s.do("POST", "/users",
		`{"email": " Ada.L+x@BÜCHER.example ", "password": "pässwörd", "name": " Ada ", "picture": "https://example.com/ada.png?a=b&c=d"}`).Want(t, 201).JSON(t)
	wantMembers(t, created, map[string]any{
		"id": created["id"], "createdAt": created["createdAt"],
		"email": "Ada.L+x@BÜCHER.example", "name": "Ada", "picture": "https://example.com/ada.png?a=b&c=d",
	})
	p := s.signIn("ada.l+x@xn--bcher-kva.example", "pa\u0308sswo\u0308rd")
	if p.id != created["id"] {
		t.Errorf("signed in as %s, want %s", p.id, created["id"])
	}
	md5OfCanonical := fmt.Sprintf("%x", md5.Sum([]byte("other@example.com")))
	other := s.do("POST", "/users", `{"email": "OTHER@example.com", "password": "123456"}`).Want(t, 201).JSON(t)
	if !strings.Contains(other["picture"].(string), md5OfCanonical) || other["name"] != "OTHER" {
		t.Errorf("account %v", other)
	}
}

func TestSignUpTwice(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.signUp("José@bücher.example")
	for _, spelling := range []string{"José@bücher.example", "JOSE\u0301@BÜCHER.EXAMPLE", "josé@xn--bcher-kva.example", " ｊｏｓé@bücher.example"} {
		s.do("POST", "/users", form("email", spelling, "password", "another")).Problem(t, 409, "email_taken", "email")
	}
	if n := s.count(); n != 2 {
		t.Errorf("%d accounts, want that and the administrator's", n)
	}
}

// Bad input is refused with a document that names each faulty field, and nothing is stored.
func TestSignUpRefusesBadInput(t *testing.T) {
	t.Parallel()
	s := boot(t)
	const good = `"email": "a@example.com", "password": "123456"`
	for name, test := range map[string]struct {
		body   string
		fields []string
	}{
		"nothing":             {"", []string{"email", "password"}},
		"empty object":        {"{}", []string{"email", "password"}},
		"empty form":          {"email=&password=", []string{"email", "password"}},
		"nulls":               {`{"email": null, "password": null}`, []string{"email", "password"}},
		"all at once":         {`{"email": "a", "password": "1", "name": "", "picture": "x"}`, []string{"email", "password", "name", "picture"}},
		"operator":            {`{"email": {"$ne": ""}, "password": "123456"}`, []string{"email"}},
		"operator, password":  {`{"email": "a@example.com", "password": {"$gt": ""}}`, []string{"password"}},
		"operator in a form":  {"email[$ne]=&password=123456", []string{"email[$ne]"}},
		"number":              {`{"email": "a@example.com", "password": 123456}`, []string{"password"}},
		"list":                {`{"email": ["a@example.com"], "password": "123456"}`, []string{"email"}},
		"object as name":      {`{` + good + `, "name": {"first": "Ada"}}`, []string{"name"}},
		"role":                {`{` + good + `, "role": "admin"}`, []string{"role"}},
		"role in a form":      {"email=a@example.com&password=123456&role=admin", []string{"role"}},
		"plan":                {`{` + good + `, "plan": {"maxStreams": 100}}`, []string{"plan"}},
		"plan in a form":      {"email=a@example.com&password=123456&plan=100", []string{"plan"}},
		"id":                  {`{` + good + `, "_id": "607c55840e977203b4d8b5e5"}`, []string{"_id"}},
		"other case":          {`{` + good + `, "Name": "Ada"}`, []string{"Name"}},
		"twice":               {`{` + good + `, "email": "b@example.com"}`, []string{"email"}},
		"twice in a form":     {"email=a@example.com&email=b@example.com&password=123456", []string{"email"}},
		"trailing":            {`{` + good + `} {}`, []string{"body"}},
		"trailing text":       {`{` + good + `}x`, []string{"body"}},
		"cut off":             {`{` + good, []string{"body"}},
		"comment":             {`{` + good + ` /* hello */}`, []string{"body"}},
		"not UTF-8":           {"{" + good + `, "name": "` + "\xff" + `"}`, []string{"name"}},
		"not UTF-8 in a form": {"email=a@example.com&password=123456&name=%FF", []string{"name"}},
		"malformed form":      {"email=%zz&password=123456", []string{"body"}},
		"display name":        {`{"email": "Ada <a@example.com>", "password": "123456"}`, []string{"email"}},
		"short password":      {"email=a@example.com&password=12345", []string{"password"}},
		"long password":       {"email=a@example.com&password=" + strings.Repeat("x", 129), []string{"password"}},
		"long name":           {form("email", "a@example.com", "password", "123456", "name", strings.Repeat("x", 101)), []string{"name"}},
		"control character":   {form("email", "a@example.com", "password", "123456", "name", "a\nb"), []string{"name"}},
		"script as picture":   {form("email", "a@example.com", "password", "123456", "picture", "javascript:alert(1)"), []string{"picture"}},
		"relative picture":    {form("email", "a@example.com", "password", "123456", "picture", "/a.png"), []string{"picture"}},
		"picture of a name":   {form("email", "a@example.com", "password", "123456", "picture", "https://u:p@example.com/"), []string{"picture"}},
		"picture, no URI":     {form("email", "a@example.com", "password", "123456", "picture", "https://example.com/ü.png"), []string{"picture"}},
		"long picture":        {form("email", "a@example.com", "password", "123456", "picture", "https://a.b/"+strings.Repeat("x", 2048)), []string{"picture"}},
	} {
		t.Log(name)
		s.do("POST", "/users", test.body).Problem(t, 400, "invalid_input", test.fields...)
	}
	for _, hidden := range testkit.Hidden {
		t.Logf("%+q", hidden)
		s.do("POST", "/users", form("email", "a@example.com", "password", "123456", "name", "A"+hidden+"da")).Problem(t, 400, "invalid_input", "name")
	}
	const body = "email=a@example.com&password=123456"
	s.do("POST", "/users?role=admin", body).Problem(t, 400, "invalid_input", "role")
	s.do("POST", "/users", "["+strings.Repeat(" ", 70_000)+"]", testkit.Header("Content-Type", "application/json")).Problem(t, 413, "body_too_large")
	s.do("POST", "/users", body, testkit.Header("X-Padding", strings.Repeat("x", 17_000))).Problem(t, 431, "headers_too_large")
	for _, contentType := range []string{
		"", ";", "text/plain", "multipart/form-data; boundary=x", "application/json; charset=latin1", "application/merge-patch+json",
	} {
		s.do("POST", "/users", body, testkit.Header("Content-Type", contentType)).Problem(t, 415, "unsupported_media_type")
	}
	s.do("POST", "/users", body, testkit.Header("Content-Encoding", "gzip")).Problem(t, 415, "unsupported_media_type")
	s.do("PATCH", "/users", body).Problem(t, 405, "method_not_allowed")
	s.do("POST", "/users/", body).Problem(t, 404, "not_found")
	if n := s.count(); n != 1 {
		t.Errorf("%d accounts, want the administrator's alone", n)
	}
}

func TestPublicProfile(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	picture := fmt.Sprintf("https://gravatar.com/avatar/%x?d=identicon", md5.Sum([]byte("ada@example.com")))
	want := map[string]any{"id": p.id, "name": "ada", "picture": picture}
	wantMembers(t, s.do("GET", "/users/"+p.id, "").Want(t, 200).JSON(t), want)
	wantMembers(t, s.do("GET", "/users/"+p.id, "", p.bearer()).Want(t, 200).JSON(t), want)
	wantMembers(t, s.do("GET", "/users/"+p.id, form("access_token", p.token)).Want(t, 200).JSON(t), want)
	if head := s.do("HEAD", "/users/"+p.id, "").Want(t, 200); len(head.Body) > 0 {
		t.Errorf("HEAD answers %s", head.Body)
	}
	for _, id := range []string{testkit.NewID(), "x", strings.ToUpper(p.id) + "0", "%00", "..%2Fme", "$ne"} {
		s.do("GET", "/users/"+id, "").Problem(t, 404, "account_not_found")
	}
	s.do("GET", "/users/"+p.id+"?fields=email", "").Problem(t, 400, "invalid_input", "fields")
}

func TestAccountList(t *testing.T) {
	t.Parallel()
	s := boot(t)
	admin := s.admin()
	var people []person
	for _, name := range []string{"carol", "alice", "bob"} {
		people = append(people, s.signUp(name+"@example.com"))
	}
	get := func(query string) testkit.Answer {
		t.Helper()
		return s.do("GET", "/users"+query, "", admin.bearer()).Want(t, 200)
	}
	names := func(answer testkit.Answer) string {
		var names []string
		for _, item := range answer.List(t) {
			names = append(names, fmt.Sprint(item["name"]))
		}
		return strings.Join(names, " ")
	}
	for query, want := range map[string]string{
		"":                            "bob alice carol admin",
		"?sort=name":                  "admin alice bob carol",
		"?sort=-email":                "carol bob alice admin",
		"?sort=createdAt":             "admin carol alice bob",
		"?sort=name&limit=2":          "admin alice",
		"?sort=name&limit=2&page=2":   "bob carol",
		"?sort=name&limit=2&page=3":   "",
		"?q=ALI":                      "alice",
		"?q=bob@example":              "bob",
		"?q=.*":                       "",
		"?q=nobody":                   "",
		"?q=example.com&sort=name":    "admin alice bob carol",
		"?q=%24where&fields=id":       "",
		"?fields=name&q=carol&page=1": "carol",
	} {
		if got := names(get(query)); got != want {
			t.Errorf("%s lists %s, want %s", query, got, want)
		}
	}
	second := get("?sort=name&limit=2&page=2")
	if second.Header.Get("X-Total-Count") != "4" || !strings.Contains(second.Header.Get("Link"), `</users?limit=2&page=1&sort=name>; rel="prev"`) {
		t.Errorf("header %v", second.Header)
	}
	item := get("?q=alice").List(t)[0]
	wantMembers(t, item, map[string]any{
		"id": people[1].id, "name": "alice", "email": "alice@example.com", "role": "user", "plan": map[string]any{"maxStreams": 3.0, "onLimit": "deny"},
		"picture": item["picture"], "createdAt": item["createdAt"],
	})
	wantMembers(t, get("?q=alice&fields=email,id").List(t)[0], map[string]any{"id": people[1].id, "email": "alice@example.com"})

	for query, field := range map[string]string{
		"?page=0": "page", "?page=x": "page", "?limit=0": "limit", "?limit=101": "limit", "?limit=1&limit=2": "limit", "?sort=passwordHash": "sort",
		"?sort=name,name": "sort", "?fields=passwordHash": "fields", "?q[$ne]=x": "q[$ne]", "?role=admin": "role", "?q=" + strings.Repeat("x", 101): "q",
		"?access_token=" + admin.token: "access_token",
	} {
		s.do("GET", "/users"+query, "", admin.bearer()).Problem(t, 400, "invalid_input", field)
	}
	s.do("GET", "/users", "", people[0].bearer()).Problem(t, 403, "admin_required")
	s.do("GET", "/users", "").Problem(t, 401, "token_required")
	if got := names(s.do("GET", "/users?limit=1", form("access_token", admin.token)).Want(t, 200)); got != "bob" {
		t.Errorf("with a token in the body: %s", got)
	}
}

func TestAdministration(t *testing.T) {
	t.Parallel()
	s := boot(t)
	admin, ada := s.admin(), s.signUp("ada@example.com")
	path := "/users/" + ada.id
	s.do("PUT", path, "name=X", ada.bearer()).Problem(t, 403, "admin_required")
	s.do("DELETE", path, "", ada.bearer()).Problem(t, 403, "admin_required")
	s.do("PUT", path, "name=X").Problem(t, 401, "token_required")
	for body, field := range map[string]string{
		"role=root": "role", `{"role": {"$ne": "user"}}`: "role", `{"plan": {"maxStreams": 9}}`: "plan", "email=x@example.com": "email",
		"password=123456": "password", `{"name": 1}`: "name", `{"name": ""}`: "name",
	} {
		s.do("PUT", path, body, admin.bearer()).Problem(t, 400, "invalid_input", field)
	}
	s.do("PUT", "/users/"+testkit.NewID(), "name=X", admin.bearer()).Problem(t, 404, "account_not_found")
	s.do("DELETE", "/users/"+testkit.NewID(), "", admin.bearer()).Problem(t, 404, "account_not_found")

	before := s.do("GET", "/users/me", "", ada.bearer()).Want(t, 200).JSON(t)
	edited := s.do("PUT", path, `{"name": "Countess", "role": "admin"}`, admin.bearer()).Want(t, 200).JSON(t)
	before["name"], before["role"] = "Countess", "admin"
	wantMembers(t, edited, before)
	s.do("GET", "/users", "", ada.bearer()).Problem(t, 403, "admin_required") // her token is older
	promoted := s.signIn(ada.email, ada.password)
	s.do("GET", "/users", "", promoted.bearer()).Want(t, 200)

	s.do("PUT", path, "picture=https://example.com/x.png", admin.bearer()).Want(t, 200)
	s.wantSessions(ada, 2)
	s.do("PUT", path, "role=user", admin.bearer()).Want(t, 200)
	s.wantSessions(ada, 0)

	s.do("DELETE", path, "", admin.bearer()).Want(t, 204)
	s.do("GET", path, "").Problem(t, 404, "account_not_found")
	s.do("DELETE", path, "", admin.bearer()).Problem(t, 404, "account_not_found")
}

// A token may carry the administrator's role for minutes too long. The account decides, whichever replica changed it.
func TestDemotionTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	s := boot(t)
	admin, ada := s.admin(), s.signUp("ada@example.com")
	s.do("PUT", "/users/"+ada.id, "role=admin", admin.bearer()).Want(t, 200)
	ada = s.signIn(ada.email, ada.password)
	s.do("GET", "/users", "", ada.bearer()).Want(t, 200)
	s.set(ada, "role", "user")
	s.do("GET", "/users", "", ada.bearer()).Problem(t, 403, "admin_required")
	s.do("PUT", "/users/"+ada.id, "role=admin", ada.bearer()).Problem(t, 403, "admin_required")
	s.do("DELETE", "/users/"+admin.id, "", ada.bearer()).Problem(t, 403, "admin_required")
}

func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	s := boot(t)
	admin := s.admin()
	s.do("PUT", "/users/"+admin.id, "role=user", admin.bearer()).Problem(t, 409, "last_admin")
	s.do("DELETE", "/users/me", form("password", admin.password), admin.bearer()).Problem(t, 409, "last_admin")
	s.do("DELETE", "/users/"+admin.id, "", admin.bearer()).Problem(t, 409, "last_admin")
	s.wantSessions(admin, 1)
	s.do("PUT", "/users/"+admin.id, "role=admin&name=Root", admin.bearer()).Want(t, 200)

	ada := s.signUp("ada@example.com")
	s.do("PUT", "/users/"+ada.id, "role=admin", admin.bearer()).Want(t, 200)
	s.do("DELETE", "/users/me", form("password", admin.password), admin.bearer()).Want(t, 204)
	ada = s.signIn(ada.email, ada.password)
	s.do("DELETE", "/users/me", form("password", ada.password), ada.bearer()).Problem(t, 409, "last_admin")
}

// However many administrators leave at once, one is left.
func TestAdministratorsLeaveAtOnce(t *testing.T) {
	t.Parallel()
	s := boot(t)
	admins := []person{s.admin()}
	for i := range 3 {
		p := s.signUp(fmt.Sprintf("admin%d@example.com", i))
		s.do("PUT", "/users/"+p.id, "role=admin", admins[0].bearer()).Want(t, 200)
		admins = append(admins, s.signIn(p.email, p.password))
	}
	statuses := make([]int, len(admins))
	var group sync.WaitGroup
	for i, admin := range admins {
		group.Go(func() {
			if i%2 == 0 {
				statuses[i] = s.do("DELETE", "/users/me", form("password", admin.password), admin.bearer()).Status
			} else {
				statuses[i] = s.do("PUT", "/users/"+admin.id, "role=user", admin.bearer()).Status
			}
		})
	}
	group.Wait()
	left, err := s.accounts.CountDocuments(t.Context(), bson.D{{Key: "role", Value: "admin"}})
	if err != nil || left < 1 {
		t.Errorf("%d administrators left, %v; answers %v", left, err, statuses)
	}
}

func wantMembers(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("unexpected %s: %v", name, got[name])
		}
	}
	for name, value := range want {
		if fmt.Sprint(got[name]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", name, got[name], value)
		}
	}
}
