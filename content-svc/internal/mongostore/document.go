package mongostore

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/objectid"
)

// document is a content as it is stored.
type document struct {
	ID          bson.ObjectID `bson:"_id"`
	Type        string        `bson:"type"`
	Name        string        `bson:"name"`
	Description string        `bson:"description"`
	Src         string        `bson:"src"`
	Duration    int64         `bson:"duration,omitempty"` // milliseconds
	Width       int           `bson:"width,omitempty"`
	Height      int           `bson:"height,omitempty"`
	Poster      string        `bson:"poster,omitempty"`
	CreatedAt   time.Time     `bson:"createdAt"`
	UpdatedAt   time.Time     `bson:"updatedAt"`
}

func newDocument(c video.Content) document {
	return document{
		ID: bson.ObjectID(c.ID), Type: string(c.Type), Name: c.Name, Description: c.Description, Src: c.Src,
		Duration: c.Duration.Milliseconds(), Width: c.Width, Height: c.Height, Poster: c.Poster, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt,
	}
}

func (d document) content() video.Content {
	return video.Content{
		ID: objectid.ID(d.ID), Type: video.Type(d.Type), Name: d.Name, Description: d.Description, Src: d.Src,
		Film: video.Film{Duration: time.Duration(d.Duration) * time.Millisecond, Width: d.Width, Height: d.Height}, Poster: d.Poster,
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}
