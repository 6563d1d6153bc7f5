package password_test

import (
	"testing"

	"streamgate/user-svc/internal/password"
)

func TestIsCommon(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"123456": true, "password": true, "PassWord": true, "qwerty": true, "iloveyou": true, "password1": true, "abc123": true, "letmein": true,
		"111111": true, "correct horse": false, "": false, "zT9#kk-Lw": false,
	} {
		if got := password.IsCommon(text); got != want {
			t.Errorf("%q is common: %v", text, got)
		}
	}
}
