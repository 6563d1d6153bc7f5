package jwtauth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/problem"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	token := forge(t, ours, header(), claims())
	bearer := "Bearer " + token
	for name, test := range map[string]struct {
		method, query, form string
		headers             []string
		inQuery             bool
		status              int // 0 means accepted
		code                string
	}{
		"header":                 {headers: []string{bearer}},
		"header, any case":       {headers: []string{"bEARER  " + token + " "}},
		"form":                   {method: "POST", form: "access_token=" + token},
		"form of a GET":          {form: "access_token=" + token},
		"query":                  {query: "access_token=" + token, inQuery: true},
		"query, not allowed":     {query: "access_token=" + token, status: 401, code: "token_required"},
		"nowhere":                {status: 401, code: "token_required"},
		"another scheme":         {headers: []string{"Basic dTpw"}, status: 401, code: "token_required"},
		"no scheme":              {headers: []string{token}, status: 401, code: "token_required"},
		"no token":               {headers: []string{"Bearer "}, status: 401, code: "token_required"},
		"Bearer alone":           {headers: []string{"Bearer"}, status: 401, code: "token_required"},
		"wrong":                  {headers: []string{"Bearer x.y.z"}, status: 401, code: "invalid_token"},
		"two in a header":        {headers: []string{bearer + ", " + bearer}, status: 401, code: "invalid_token"},
		"empty field":            {form: "access_token=", status: 401, code: "invalid_token"},
		"two headers":            {headers: []string{bearer, bearer}, status: 400, code: "invalid_input"},
		"header and form":        {headers: []string{bearer}, form: "access_token=" + token, status: 400, code: "invalid_input"},
		"header and empty field": {headers: []string{bearer}, form: "access_token=", status: 400, code: "invalid_input"},
		"header and query":       {headers: []string{bearer}, query: "access_token=" + token, inQuery: true, status: 400, code: "invalid_input"},
		"twice in the form":      {form: "access_token=" + token + "&access_token=" + token, status: 400, code: "invalid_input"},
		"twice in the query":     {query: "access_token=a&access_token=b", inQuery: true, status: 400, code: "invalid_input"},
		"a broken form":          {form: "access_token=%", status: 400, code: "invalid_input"},
		"a broken query":         {query: "%", inQuery: true, status: 400, code: "invalid_input"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequestWithContext(t.Context(), test.method, "/?"+test.query, strings.NewReader(test.form))
			if test.form == "" {
				c.Request.Body = http.NoBody
			} else {
				c.Request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			for _, header := range test.headers {
				c.Request.Header.Add("Authorization", header)
			}
			got, err := jwtauth.Authenticator{Verifier: verifier(), InQuery: test.inQuery}.Authenticate(c)
			if test.status == 0 {
				if err != nil || got.Account != account {
					t.Fatalf("claims %+v, %v", got, err)
				}
				if err := bind.Nothing(c); err != nil {
					t.Errorf("the handler meets the token: %v", err)
				}
				return
			}
			e, ok := errors.AsType[*fault.Error](err)
			if !ok || problem.Status(err) != test.status || e.Code != test.code {
				t.Fatalf("error %v, want %d %s", err, test.status, test.code)
			}
			if (test.status == 401) != (e.Challenge != "") {
				t.Errorf("challenge %q", e.Challenge)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("the error has the token: %v", err)
			}
		})
	}
}
