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
	CreatedAt   time.Time     `bson:"createdAt"`
	UpdatedAt   time.Time     `bson:"updatedAt"`
}

func newDocument(c video.Content) document {
	return document{bson.ObjectID(c.ID), string(c.Type), c.Name, c.Description, c.Src, c.CreatedAt, c.UpdatedAt}
}

func (d document) content() video.Content {
	return video.Content{
		ID: objectid.ID(d.ID), Type: video.Type(d.Type), Name: d.Name, Description: d.Description, Src: d.Src,
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}
