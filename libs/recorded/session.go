package recorded

import "streamgate/libs/instant"

// Session is a device that is signed in.
type Session struct {
	Device      string       `json:"device"`
	Generation  int32        `json:"generation"` // of its refresh token, from 1
	CreatedAt   instant.Time `json:"createdAt"`
	RefreshedAt instant.Time `json:"refreshedAt"`
	ExpiresAt   instant.Time `json:"expiresAt"`
}
