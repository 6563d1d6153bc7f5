// Package config has the settings of content-svc.
package config

import (
	"errors"
	"strings"

	"streamgate/content-svc/internal/blobstore"
	libconfig "streamgate/libs/config"
	"streamgate/libs/grant"
	"streamgate/libs/service"
)

// Config is read once, at start-up.
type Config struct {
	service.Settings

	MongoDBURI      string   `env:"MONGODB_URI" desc:"required: mongodb://[user:password@]host:port, or mongodb+srv://"`
	MongoDBDatabase string   `env:"MONGODB_DATABASE" envDefault:"streamgate_content" desc:"database of the catalogue"`
	SessionSvcURL   string   `env:"SESSION_SVC_URL" envDefault:"http://session-svc:8081" desc:"internal listener of session-svc"`
	MediaURL        string   `env:"MEDIA_URL" envDefault:"file:///var/lib/streamgate/media" desc:"where the video files are: file:///folder, which must exist, or s3://bucket?region=…; see gocloud.dev/blob"`
	GrantKeys       []string `env:"GRANT_KEYS" desc:"required: keys that sign media addresses, 32 bytes in base64 each; the same as session-svc has"`
	DemoContent     bool     `env:"DEMO_CONTENT" envDefault:"false" desc:"put three short clips into an empty Streamgate, once"`
}

// Validate returns every fault.
func (c *Config) Validate() []error {
	faults := c.Settings.Validate()
	if c.MongoDBURI == "" {
		faults = append(faults, errors.New("MONGODB_URI: missing; set it to the server's address, such as mongodb://mongodb:27017"))
	} else if !strings.HasPrefix(c.MongoDBURI, "mongodb://") && !strings.HasPrefix(c.MongoDBURI, "mongodb+srv://") {
		faults = append(faults, errors.New("MONGODB_URI: doesn't begin with mongodb:// or mongodb+srv://")) // it may have a password in it
	}
	if strings.ContainsAny(c.MongoDBDatabase, "/\\. \"$*<>:|?") || len(c.MongoDBDatabase) > 63 {
		faults = append(faults, errors.New("MONGODB_DATABASE: not the name of a database, such as streamgate_content"))
	}
	if err := libconfig.CheckURL("SESSION_SVC_URL", c.SessionSvcURL); err != nil {
		faults = append(faults, err)
	}
	if err := blobstore.CheckURL("MEDIA_URL", c.MediaURL); err != nil {
		faults = append(faults, err)
	}
	if _, err := grant.ParseKeys("GRANT_KEYS", c.GrantKeys); err != nil {
		faults = append(faults, err)
	}
	return faults
}
