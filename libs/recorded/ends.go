package recorded

import "streamgate/libs/instant"

// Ends are the ends of sessions of an account that is another issuer's.
type Ends struct {
	Sessions []End `json:"sessions"`
	Others   *End  `json:"others,omitempty"` // of all sessions but one, which may be ""
}

// End is when a session ended.
type End struct {
	Session string       `json:"session"`
	EndedAt instant.Time `json:"endedAt"`
}

// Ending says what ends.
type Ending struct {
	Session string `json:"session,omitzero"` // to end, or not to end with all others
	Others  bool   `json:"others"`
	Keep    int64  `json:"keepSeconds"` // how long it is to be known, from 1
}
