package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/testkit"
)

const valid = `{"type":"vod","name":"Bars","description":"Colours","src":"demo/bars.mp4"}`

func TestAContentFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	base, proof := catalogue(t)
	began := time.Now().Truncate(time.Millisecond)
	added := testkit.Do(t, "POST", base+"/content", valid, proof).Want(t, 201)
	item := added.JSON(t)
	id, _ := item["id"].(string)
	if added.Header.Get("Location") != "/content/"+id || len(id) != 24 {
		t.Errorf("Location %q of %s", added.Header.Get("Location"), id)
	}
	for _, name := range []string{"createdAt", "updatedAt"} {
		text, _ := item[name].(string)
		at, err := time.Parse("2006-01-02T15:04:05.000Z", text)
		if err != nil || at.Before(began) || at.After(time.Now()) {
			t.Errorf("%s: %q", name, text)
		}
	}
	if len(item) != 6 || item["type"] != "vod" || item["name"] != "Bars" || item["description"] != "Colours" {
		t.Errorf("added %s", added.Body)
	}

	got := testkit.Do(t, "GET", base+"/content/"+id, "", proof).Want(t, 200)
	if string(got.Body) != strings.TrimSpace(string(added.Body)) || got.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("got %s, added %s", got.Body, added.Body)
	}
	tag := testkit.Header("If-None-Match", got.Header.Get("ETag"))
	testkit.Do(t, "GET", base+"/content/"+id, "", proof, tag).Want(t, 304)
	if head := testkit.Do(t, "HEAD", base+"/content/"+id, "", proof).Want(t, 200); head.Header.Get("Content-Length") != strconv.Itoa(len(got.Body)) {
		t.Errorf("HEAD: %v", head.Header)
	}
	testkit.Do(t, "GET", base+"/content/"+id, "", proof, testkit.Header("Range", "bytes=0-1")).Want(t, 200)
	source := testkit.Do(t, "GET", base+"/internal/content/"+id+"/source", "", proof).Want(t, 200)
	if want := fmt.Sprintf(`{"id":%q,"type":"vod","name":"Bars","src":"demo/bars.mp4"}`, id); string(source.Body) != want {
		t.Errorf("source %s, want %s", source.Body, want)
	}

	changed := testkit.Do(t, "PUT", base+"/content/"+id, "name=Stripes&description=", proof).Want(t, 200).JSON(t)
	if changed["name"] != "Stripes" || changed["description"] != "" || changed["type"] != "vod" || changed["createdAt"] != item["createdAt"] {
		t.Errorf("changed to %v", changed)
	}
	testkit.Do(t, "GET", base+"/content/"+id, "", proof, tag).Want(t, 200)
	testkit.Do(t, "PUT", base+"/content/"+id, `{"type":"livestream","src":"https://example.com/live.m3u8"}`, proof).Want(t, 200)
	source = testkit.Do(t, "GET", base+"/internal/content/"+id+"/source", "", proof).Want(t, 200)
	if want := fmt.Sprintf(`{"id":%q,"type":"livestream","name":"Stripes","src":"https://example.com/live.m3u8"}`, id); string(source.Body) != want {
		t.Errorf("source %s, want %s", source.Body, want)
	}

	if gone := testkit.Do(t, "DELETE", base+"/content/"+id, "", proof).Want(t, 204); len(gone.Body) != 0 {
		t.Errorf("deleted with %s", gone.Body)
	}
	testkit.Do(t, "DELETE", base+"/content/"+id, "", proof).Problem(t, 404, "content_not_found")
	testkit.Do(t, "GET", base+"/content/"+id, "", proof).Problem(t, 404, "content_not_found")
	testkit.Do(t, "PUT", base+"/content/"+id, "name=x", proof).Problem(t, 404, "content_not_found")
	testkit.Do(t, "GET", base+"/internal/content/"+id+"/source", "", proof).Problem(t, 404, "content_not_found")
}

func TestTheCatalogueIsForTheServices(t *testing.T) {
	t.Parallel()
	base, _ := catalogue(t)
	for _, path := range []string{"/content", "/content/607c55840e977203b4d8b5e5", "/internal/content/607c55840e977203b4d8b5e5/source"} {
		for _, given := range []string{"", "wrong", secret + "x", secret[1:], secret + ",another-secret-of-theirs"} {
			testkit.Do(t, "GET", base+path, "", testkit.Header("Internal-Secret", given)).Problem(t, 401, "internal_secret_invalid")
		}
		testkit.Do(t, "GET", base+path, "", testkit.Header("Internal-Secret", "another-secret-of-theirs"))
	}
	testkit.Do(t, "GET", base+"/content", "", testkit.Header("Internal-Secret", "another-secret-of-theirs")).Want(t, 200)
}

func TestTheCatalogueIsNotPublic(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	running := boot(t, settings(t, uri, database))
	for _, path := range []string{"/content", "/content/607c55840e977203b4d8b5e5", "/internal/content/607c55840e977203b4d8b5e5/source"} {
		testkit.Do(t, "GET", running.PublicURL+path, "", testkit.Header("Internal-Secret", secret)).Problem(t, 404, "not_found")
	}
}

func TestBadContents(t *testing.T) {
	t.Parallel()
	base, proof := catalogue(t)
	id, _ := testkit.Do(t, "POST", base+"/content", valid, proof).Want(t, 201).JSON(t)["id"].(string)
	with := func(field, value string) string { return `{"` + field + `":` + value + `}` }
	quoted := func(text string) string {
		quote, _ := jsontext.AppendQuote(nil, text) // which is UTF-8
		return string(quote)
	}

	// Each is bad on its own, in a new content and in a change.
	bad := map[string][]string{
		"type": {`""`, `"VOD"`, `"movie"`, `5`, `true`, `[]`, `{"$ne":""}`, `{"$gt":""}`, `["vod"]`},
		"name": {
			`""`, `" "`, `"\u200b\u2060"`, `"a\u0000b"`, `"a\nb"`, `"\u001b[31m"`, quoted(strings.Repeat("é", 201)), `5`, `{"$ne":""}`, `{"$regex":".*"}`, `["a"]`,
		},
		"description": {`"a\u0000"`, `"\u0007"`, quoted(strings.Repeat("é", 2001)), `{"$ne":""}`, `5`, `[]`},
		"src": {
			`""`, `"/etc/passwd"`, `"../x.mp4"`, `"a/../b.mp4"`, `"./a.mp4"`,
			`"a/./b.mp4"`, `"a//b.mp4"`, `"a/"`, `"."`, `".."`, `"a\\b.mp4"`, `"a\u0000.mp4"`, `"a\n.mp4"`,
			quoted(strings.Repeat("a", 513)), `"index.m3u8"`, `"INDEX.MPD"`,
			`"demo/none.mp4"`, `"none/bars.mp4"`, `"demo"`, `"demo/bars.mp4/x"`, `"DEMO/bars.mp4"`, `"demo/bars.mp4 "`,
			`"ftp://example.com/a.mp4"`, `"javascript://example.com/%0aalert(1)"`, `"file:///etc/passwd"`, `"http:"`,
			`"http:/a/b"`, `"https://"`, `"https:///a"`, `"http://:80/a"`,
			`"http://exa mple.com/"`, `"https://example.com/a b"`, `"https://example.com/ü.mp4"`, `"https://user:secret@example.com/a.mp4"`,
			`"https://example.com/\u0001"`, `"http://[::1"`, `"https://example.com/%zz"`,
			quoted("https://example.com/" + strings.Repeat("a", 2048)), `{"$ne":""}`, `5`, `[]`, `{}`,
		},
		"id": {`"607c55840e977203b4d8b5e5"`}, "_id": {`"x"`}, "createdAt": {`"2026-01-02T03:04:05.678Z"`}, "updatedAt": {`5`},
		"Name": {`"a"`}, "$set": {`{"name":"a"}`},
		"extra": {`null`},
	}
	for _, hidden := range testkit.Hidden {
		bad["name"] = append(bad["name"], quoted("a"+hidden+"b"))
		bad["description"] = append(bad["description"], quoted("a"+hidden+"b"))
	}
	for field, values := range bad {
		for _, value := range values {
			testkit.Do(t, "PUT", base+"/content/"+id, with(field, value), proof).Problem(t, 400, "invalid_input", field)
			whole := strings.TrimSuffix(valid, "}") + "," + with(field, value)[1:]
			if strings.Contains(valid, `"`+field+`":`) {
				for name, good := range map[string]string{"type": `"vod"`, "name": `"Bars"`, "description": `"Colours"`, "src": `"demo/bars.mp4"`} {
					if name == field {
						whole = strings.Replace(valid, good, value, 1)
					}
				}
			}
			testkit.Do(t, "POST", base+"/content", whole, proof).Problem(t, 400, "invalid_input", field)
		}
	}

	// All at once.
	testkit.Do(t, "POST", base+"/content", "{}", proof).Problem(t, 400, "invalid_input", "type", "name", "src")
	testkit.Do(t, "POST", base+"/content", "", proof).Problem(t, 400, "invalid_input", "type", "name", "src")
	worst, all := `{"type":"x","name":"","description":"\u0000","src":".."}`, []string{"type", "name", "description", "src"}
	testkit.Do(t, "POST", base+"/content", worst, proof).Problem(t, 400, "invalid_input", all...)
	testkit.Do(t, "PUT", base+"/content/"+id, worst, proof).Problem(t, 400, "invalid_input", all...)
	testkit.Do(t, "PUT", base+"/content/"+id, "{}", proof).Problem(t, 400, "invalid_input", "body")
	testkit.Do(t, "PUT", base+"/content/"+id, "", proof).Problem(t, 400, "invalid_input", "body")

	json, form := testkit.Header("Content-Type", "application/json"), testkit.Header("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range []struct {
		body   string
		kind   testkit.Option
		status int
		code   string
		field  string
	}{
		{valid + "{}", json, 400, "invalid_input", "body"},
		{valid + "x", json, 400, "invalid_input", "body"},
		{valid[:20], json, 400, "invalid_input", ""},
		{"[]", json, 400, "invalid_input", "body"},
		{`"vod"`, json, 400, "invalid_input", "body"},
		{"null", json, 400, "invalid_input", ""},
		{`{"name":"a","name":"b"}`, json, 400, "invalid_input", "name"},
		{"{\"name\":\"\xff\"}", json, 400, "invalid_input", ""},
		{"name=a&name=b", form, 400, "invalid_input", "name"},
		{"name[$ne]=a", form, 400, "invalid_input", "name[$ne]"},
		{"name.x=a", form, 400, "invalid_input", "name.x"},
		{"name=%ff%fe&type=vod&src=a.mp4", form, 400, "invalid_input", "name"},
		{"name=%zz", form, 400, "invalid_input", "body"},
		{valid, testkit.Header("Content-Type", "text/plain"), 415, "unsupported_media_type", ""},
		{valid, testkit.Header("Content-Type", "multipart/form-data; boundary=x"), 415, "unsupported_media_type", ""},
		{valid, testkit.Header("Content-Encoding", "gzip"), 415, "unsupported_media_type", ""},
		{`{"name":"` + strings.Repeat("a", 65<<10) + `"}`, json, 413, "body_too_large", ""},
	} {
		for method, path := range map[string]string{"POST": "/content", "PUT": "/content/" + id} {
			a := testkit.Do(t, method, base+path, c.body, c.kind, proof).Problem(t, c.status, c.code)
			if c.field != "" {
				a.Problem(t, c.status, c.code, c.field)
			}
		}
	}
	testkit.Do(t, "POST", base+"/content?name=a", valid, proof).Problem(t, 400, "invalid_input", "name")
	testkit.Do(t, "DELETE", base+"/content/"+id+"?force=1", "", proof).Problem(t, 400, "invalid_input", "force")
	testkit.Do(t, "DELETE", base+"/content/"+id, "force=1", proof).Problem(t, 400, "invalid_input", "force")
	testkit.Do(t, "GET", base+"/content/"+id+"?fields=src", "", proof).Problem(t, 400, "invalid_input", "fields")
	testkit.Do(t, "PATCH", base+"/content/"+id, "name=a", proof).Problem(t, 405, "method_not_allowed")

	// Nothing of it was stored.
	list := testkit.Do(t, "GET", base+"/content", "", proof).Want(t, 200).List(t)
	if len(list) != 1 || list[0]["name"] != "Bars" || list[0]["updatedAt"] != list[0]["createdAt"] {
		t.Errorf("stored: %v", list)
	}
}

func TestGoodContents(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 250) + "/" + strings.Repeat("b", 250) + "/" + strings.Repeat("c", 10)
	base, proof := catalogue(t, "a.mp4", long, "shows/ünï cödé + 50%/index.m3u8", "a/..b/...mp4", "a:b/c.mp4")
	for _, c := range []struct{ name, description, src string }{
		{"a", "", "a.mp4"},
		{strings.Repeat("é", 200), strings.Repeat("é", 2000), long},
		{"ünï 🎬 <b>&", "line\r\n\tbreak", "shows/ünï cödé + 50%/index.m3u8"},
		{`{"$ne":""}`, "$where", "a/..b/...mp4"},
		{"url", "", "https://example.com/live/index.m3u8?token=a%20b#t=5"},
		{"port", "", "HTTP://127.0.0.1:9000/a"},
		{"long", "", "https://example.com/" + strings.Repeat("a", 2048-len("https://example.com/"))},
		{"colon", "", "a:b/c.mp4"},
	} {
		body := fmt.Sprintf(`{"type":"vod","name":%q,"description":%q,"src":%q}`, c.name, c.description, c.src)
		id := testkit.Do(t, "POST", base+"/content", body, proof).Want(t, 201).JSON(t)["id"]
		got := testkit.Do(t, "GET", base+"/content/"+fmt.Sprint(id), "", proof).Want(t, 200).JSON(t)
		source := testkit.Do(t, "GET", base+"/internal/content/"+fmt.Sprint(id)+"/source", "", proof).Want(t, 200).JSON(t)
		if got["name"] != c.name || got["description"] != c.description || source["src"] != c.src {
			t.Errorf("%+v became %v, %v", c, got, source)
		}
	}
}

func TestMalformedIDs(t *testing.T) {
	t.Parallel()
	base, proof := catalogue(t)
	for _, id := range []string{
		"x", "607c55840e977203b4d8b5e", "607c55840e977203b4d8b5e55", "607C55840E977203B4D8B5E5", "607c55840e977203b4d8b5eg", "607c55840e977203b4d8b5e5%2f",
		"%7b%22$ne%22:%22%22%7d", "..", "%00",
	} {
		testkit.Do(t, "GET", base+"/content/"+id, "", proof).Problem(t, 400, "invalid_input", "id")
		testkit.Do(t, "PUT", base+"/content/"+id, "name=a", proof).Problem(t, 400, "invalid_input", "id")
		testkit.Do(t, "DELETE", base+"/content/"+id, "", proof).Problem(t, 400, "invalid_input", "id")
		testkit.Do(t, "GET", base+"/internal/content/"+id+"/source", "", proof).Problem(t, 400, "invalid_input", "id")
	}
	testkit.Do(t, "GET", base+"/content/"+testkit.NewID(), "", proof).Problem(t, 404, "content_not_found")
}

func TestLists(t *testing.T) {
	t.Parallel()
	base, proof := catalogue(t, "secret/a.mp4", "secret/b.mp4", "secret/c.mp4", "secret/d.mp4")
	if a := testkit.Do(t, "GET", base+"/content", "", proof).Want(t, 200); string(a.Body) != "[]" || a.Header.Get("X-Total-Count") != "0" {
		t.Errorf("empty: %s", a.Body)
	}
	for i, name := range []string{"c", "a", "d", "b"} {
		kind := []string{"vod", "livestream"}[i%2]
		testkit.Do(t, "POST", base+"/content", fmt.Sprintf("type=%s&name=%s&description=about+%s&src=secret/%s.mp4", kind, name, name, name), proof).Want(t, 201)
		<-time.After(2 * time.Millisecond) // createdAt has milliseconds
	}
	names := func(query string) []string {
		t.Helper()
		a := testkit.Do(t, "GET", base+"/content?"+query, "", proof).Want(t, 200)
		if strings.Contains(string(a.Body), "secret/") || strings.Contains(string(a.Body), `"src"`) {
			t.Errorf("%s: %s", query, a.Body)
		}
		var all []string
		for _, item := range a.List(t) {
			all = append(all, fmt.Sprint(item["name"]))
		}
		return all
	}
	for query, want := range map[string][]string{
		"":                          {"b", "d", "a", "c"},
		"sort=createdAt":            {"c", "a", "d", "b"},
		"sort=name":                 {"a", "b", "c", "d"},
		"sort=-name":                {"d", "c", "b", "a"},
		"sort=type,-name":           {"b", "a", "d", "c"},
		"q=ABOUT%20a":               {"a"},
		"q=secret":                  nil,
		"q=.*":                      nil,
		"sort=name&limit=2":         {"a", "b"},
		"sort=name&limit=3&page=2":  {"d"},
		"sort=name&limit=2&page=3":  nil,
		"fields=name,id&sort=-name": {"d", "c", "b", "a"},
	} {
		if got := names(query); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	a := testkit.Do(t, "GET", base+"/content?limit=3&sort=name", "", proof).Want(t, 200)
	if a.Header.Get("X-Total-Count") != "4" || !strings.Contains(a.Header.Get("Link"), `page=2&sort=name>; rel="next"`) {
		t.Errorf("total %s, link %s", a.Header.Get("X-Total-Count"), a.Header.Get("Link"))
	}
	item := testkit.Do(t, "GET", base+"/content?fields=id,createdAt", "", proof).Want(t, 200).List(t)[0]
	if len(item) != 2 || item["id"] == nil || item["createdAt"] == nil {
		t.Errorf("fields: %v", item)
	}
	for query, field := range map[string]string{
		"fields=src": "fields", "fields=id,src": "fields", "fields=_id": "fields", "sort=src": "sort", "sort=description": "sort", "sort=id": "sort",
		"sort=name,name": "sort",
		"sort=--name":    "sort", "page=0": "page", "page=-1": "page", "page=x": "page", "limit=0": "limit", "limit=101": "limit", "limit=1e1": "limit",
		"q=a&q=b":  "q",
		"q[$ne]=a": "q[$ne]", "filter=a": "filter", "q=" + strings.Repeat("a", 101): "q", "q=%ff": "q", "sort=$where": "sort",
	} {
		testkit.Do(t, "GET", base+"/content?"+query, "", proof).Problem(t, 400, "invalid_input", field)
	}
	testkit.Do(t, "GET", base+"/content?page=0&limit=0&sort=src&fields=src", "", proof).Problem(t, 400, "invalid_input", "page", "limit", "sort", "fields")
	testkit.Do(t, "GET", base+"/content", "q=a", proof).Problem(t, 400, "invalid_input", "q")
	if head := testkit.Do(t, http.MethodHead, base+"/content", "", proof).Want(t, 200); head.Header.Get("X-Total-Count") != "4" {
		t.Errorf("HEAD: %v", head.Header)
	}
}

// Files that come from a Mac are often named in another form of Unicode than keyboards write.
func TestNamesInAnotherFormOfUnicode(t *testing.T) {
	t.Parallel()
	composed, decomposed := "films/caf\u00e9/\u00fcber.mp4", "films/cafe\u0301/u\u0308ber.mp4"
	mixed := "films/cafe\u0301/\u00fcber.mp4"
	uri, database := testkit.Mongo(t)
	for _, there := range []string{composed, decomposed, mixed} {
		folder := t.TempDir()
		write(t, folder, there)
		running := boot(t, settings(t, uri, database, "MEDIA_URL=file://"+folder))
		for _, written := range []string{composed, decomposed, mixed} {
			body := fmt.Sprintf(`{"type":"vod","name":"Coffee","src":%q}`, written)
			added := testkit.Do(t, "POST", running.InternalURL+"/content", body, testkit.Header("Internal-Secret", secret)).Want(t, 201).JSON(t)
			source := testkit.Do(t, "GET", fmt.Sprintf("%s/internal/content/%s/source", running.InternalURL, added["id"]), "",
				testkit.Header("Internal-Secret", secret)).Want(t, 200).JSON(t)["src"].(string)
			_, file := path.Split(source)
			if film := testkit.Do(t, "GET", address(t, running.PublicURL, source, url.PathEscape(file)), "").Want(t, 200); string(film.Body) != "film" {
				t.Errorf("%+q played as %s", written, film.Body)
			}
		}
	}
}
