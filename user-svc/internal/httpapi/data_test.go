package httpapi_test

import "testing"

// What is known of a person can be read by that person and by administrators, by one route each, and is erased with the account.
func TestDataOfAPerson(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, other, admin := s.signUp("ada@example.com"), s.signUp("other@example.com"), s.admin()
	me := s.do("GET", "/users/me", "", p.bearer()).Want(t, 200).JSON(t)
	own := s.do("GET", "/users/me/data", "", p.bearer()).Want(t, 200).JSON(t)
	wantMembers(t, own["account"].(map[string]any), me)
	if sessions := own["sessions"].([]any); len(sessions) != 1 || len(own["streams"].([]any)) != 0 {
		t.Error(own)
	}
	wantMembers(t, s.do("GET", "/users/"+p.id+"/data", "", admin.bearer()).Want(t, 200).JSON(t), own)
	s.do("GET", "/users/"+p.id+"/data", "", other.bearer()).Problem(t, 403, "admin_required")
	s.do("GET", "/users/"+p.id+"/data", "").Problem(t, 401, "token_required")
	s.do("GET", "/users/me/data?x=1", "", p.bearer()).Problem(t, 400, "invalid_input", "x")
	s.do("DELETE", "/users/me", form("password", p.password), p.bearer()).Want(t, 204)
	if !s.sessions.Erased(p.id) || s.sessions.Erased(other.id) {
		t.Error("not erased, or too much")
	}
	s.do("GET", "/users/"+p.id+"/data", "", admin.bearer()).Problem(t, 404, "account_not_found")
	s.do("DELETE", "/users/"+other.id, "", admin.bearer()).Want(t, 204)
	if !s.sessions.Erased(other.id) {
		t.Error("not erased")
	}
}
