package fault

// The challenges of Unauthenticated errors, for the header WWW-Authenticate (RFC 6750, section 3, and RFC 7617).
const (
	BearerChallenge       = `Bearer realm="streamgate"` //nolint:gosec // not credentials, but a request for them
	InvalidTokenChallenge = BearerChallenge + `, error="invalid_token"`
	BasicChallenge        = `Basic realm="streamgate", charset="UTF-8"`
)

// The errors that more than one package returns.
var (
	// ErrInternal reveals nothing of our insides.
	ErrInternal = New(Internal, "internal", "Something went wrong on our side. The request id helps us to find it.")

	// ErrNoPath is the answer to a path that doesn't exist.
	ErrNoPath = New(NotFound, "not_found", "There is nothing at this path.")

	// ErrSessionEnded is the answer to a request with a genuine access token whose session has ended.
	ErrSessionEnded = New(Unauthenticated, "session_ended", "This device was signed out; sign in again with POST /auth.").
			Challenging(InvalidTokenChallenge)

	// ErrRefreshToken is the answer to a refresh token that is unknown, or whose session has ended.
	ErrRefreshToken = New(Unauthenticated, "refresh_token_invalid", "The refresh token is not valid; sign in again with POST /auth.")
)
