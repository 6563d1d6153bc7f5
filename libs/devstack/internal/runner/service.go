package runner

// Service is one program of the stack, as data. Its folder in the repository, its command below cmd/ and its
// binary all have its name.
type Service struct {
	Name string
	// Ports on 127.0.0.1; where one is taken, a free one is used.
	Public, Internal, Operations int
	Settings
}

// Settings are environment variables. Values may contain ${names}: see known.
type Settings struct {
	Wiring   map[string]string // has to be so for the parts to find each other
	Defaults map[string]string // unless the user's own environment says otherwise
}

// everyService is what all services are given.
var everyService = Settings{
	Wiring: map[string]string{
		"PUBLIC_ADDR":     "${self.public}",
		"INTERNAL_ADDR":   "${self.internal}",
		"OPERATIONS_ADDR": "${self.operations}",
	},
	Defaults: map[string]string{ //nolint:gosec // names of secrets
		"INTERNAL_SECRETS": "${INTERNAL_SECRETS}",
		"TRUSTED_PROXIES":  "127.0.0.1/32", // the front
		"LOG_FORMAT":       "text",
		"LOG_LEVEL":        "warn",
		"DRAIN_DELAY":      "0s", // no load balancer has to notice first
	},
}

// Streamgate is the stack. A fourth service is one more entry.
var Streamgate = []Service{
	{
		Name: "user-svc", Public: 9010, Internal: 9011, Operations: 9012,
		Settings: Settings{
			Wiring: map[string]string{
				"MONGODB_URI":     "${mongodb}",
				"SESSION_SVC_URL": "http://${session-svc.internal}",
			},
			Defaults: map[string]string{ //nolint:gosec // names of secrets
				"TOKEN_KEY_FILES":    "${dir}/token-key.pem",
				"TOKEN_KEY_GENERATE": "true",
				"ADMIN_EMAIL":        "admin@example.com",
				"ADMIN_PASSWORD":     "${ADMIN_PASSWORD}",
			},
		},
	},
	{
		Name: "session-svc", Public: 9020, Internal: 9021, Operations: 9022,
		Settings: Settings{
			Wiring: map[string]string{
				"REDIS_URL":       "${redis}",
				"JWKS_URL":        "http://${user-svc.public}/.well-known/jwks.json",
				"CONTENT_SVC_URL": "http://${content-svc.internal}",
				"USER_SVC_URL":    "http://${user-svc.internal}",
			},
			Defaults: map[string]string{
				"GRANT_KEYS":   "${GRANT_KEYS}",
				"REFRESH_KEYS": "${REFRESH_KEYS}",
			},
		},
	},
	{
		Name: "content-svc", Public: 9030, Internal: 9031, Operations: 9032,
		Settings: Settings{
			Wiring: map[string]string{
				"MONGODB_URI":     "${mongodb}",
				"SESSION_SVC_URL": "http://${session-svc.internal}",
			},
			Defaults: map[string]string{
				// Media stay beside their catalogue; sidecar files and another disk's temporary folder would be in the way.
				"MEDIA_URL":    "file://${dir:url}/media?create_dir=true&metadata=skip&no_tmp_dir=true",
				"GRANT_KEYS":   "${GRANT_KEYS}",
				"DEMO_CONTENT": "true",
			},
		},
	},
}

// The stores' preferred addresses.
const (
	mongoDBAddress = "127.0.0.1:9040"
	redisAddress   = "127.0.0.1:9041"
)
