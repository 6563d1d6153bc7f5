// Package config has the settings of content-svc.
package config

import (
	"time"

	"streamgate/content-svc/internal/blobstore"
	libconfig "streamgate/libs/config"
	"streamgate/libs/grant"
	"streamgate/libs/mongodb"
	"streamgate/libs/service"
)

// Config is read once, at start-up.
type Config struct {
	service.Settings

	MongoDBURI      string        `env:"MONGODB_URI" desc:"required: mongodb://[user:password@]host:port, or mongodb+srv://"`
	MongoDBDatabase string        `env:"MONGODB_DATABASE" envDefault:"streamgate_content" desc:"database of the catalogue"`
	SessionSvcURL   string        `env:"SESSION_SVC_URL" envDefault:"http://session-svc:8081" desc:"internal listener of session-svc"`
	ToSessionSvc    []string      `env:"SECRETS_TO_SESSION_SVC" desc:"required: secrets shown to session-svc, which has the same in SECRETS_FROM_CONTENT_SVC; at least 16 characters each; the first is sent"`
	FromSessionSvc  []string      `env:"SECRETS_FROM_SESSION_SVC" desc:"required: secrets by which session-svc may call, which has the same in SECRETS_TO_CONTENT_SVC; all are accepted"`
	MediaURL        string        `env:"MEDIA_URL" envDefault:"file:///var/lib/streamgate/media" desc:"where the video files are: file:///folder, which must exist, or s3://bucket?region=…; see gocloud.dev/blob"`
	GrantKeys       []string      `env:"GRANT_KEYS" desc:"required: keys that encrypt media addresses, 32 bytes in base64 each; the same as session-svc has"`
	Ahead           time.Duration `env:"AHEAD" envDefault:"75s" desc:"how much film a stream is sent ahead of play, 30s to 10m; the same for session-svc"`
	MediaBitRate    int64         `env:"MEDIA_BIT_RATE" envDefault:"4000000" desc:"bits a second of a file whose film can't be read, 64000 to 200000000"`
	UploadLimit     int64         `env:"UPLOAD_LIMIT" envDefault:"53687091200" desc:"bytes of a film that is uploaded, 1048576 to 1099511627776"`
	DemoContent     bool          `env:"DEMO_CONTENT" envDefault:"false" desc:"put three short clips into an empty Streamgate, once"`
}

// Validate returns every fault.
func (c *Config) Validate() []error {
	var faults libconfig.Faults
	faults.Add(c.Settings.Validate()...)
	faults.Add(c.CheckPairs(map[string][]string{"SECRETS_TO_SESSION_SVC": c.ToSessionSvc, "SECRETS_FROM_SESSION_SVC": c.FromSessionSvc})...)
	faults.Add(mongodb.Validate(c.MongoDBURI, c.MongoDBDatabase)...)
	faults.Add(libconfig.CheckURL("SESSION_SVC_URL", c.SessionSvcURL))
	faults.Add(blobstore.CheckURL("MEDIA_URL", c.MediaURL)...)
	faults.Check(c.Ahead >= 30*time.Second && c.Ahead <= 10*time.Minute, "AHEAD: %v is not between 30s and 10m", c.Ahead)
	faults.Check(c.MediaBitRate >= 64_000 && c.MediaBitRate <= 200_000_000, "MEDIA_BIT_RATE: %d is not between 64000 and 200000000", c.MediaBitRate)
	faults.Check(c.UploadLimit >= 1<<20 && c.UploadLimit <= 1<<40, "UPLOAD_LIMIT: %d is not between 1048576 and 1099511627776", c.UploadLimit)
	_, err := grant.ParseKeys("GRANT_KEYS", c.GrantKeys)
	faults.Add(err)
	return faults
}
