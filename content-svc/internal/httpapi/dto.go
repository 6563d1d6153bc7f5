package httpapi

import (
	"streamgate/content-svc/internal/video"
	"streamgate/libs/instant"
)

// contentDTO is a content as clients may see it: without src.
type contentDTO struct {
	ID          string       `json:"id"`
	Type        video.Type   `json:"type"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	CreatedAt   instant.Time `json:"createdAt"`
	UpdatedAt   instant.Time `json:"updatedAt"`
}

func newContentDTO(c video.Content) contentDTO {
	return contentDTO{c.ID.String(), c.Type, c.Name, c.Description, instant.Time(c.CreatedAt), instant.Time(c.UpdatedAt)}
}

// changeDTO has the fields of a content that a client may set.
type changeDTO struct {
	Type        *string `json:"type"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Src         *string `json:"src"`
}

func (d changeDTO) change() video.Change {
	return video.Change{Type: (*video.Type)(d.Type), Name: d.Name, Description: d.Description, Src: d.Src}
}

// sourceDTO is what session-svc sees of a content.
type sourceDTO struct {
	ID   string     `json:"id"`
	Type video.Type `json:"type"`
	Name string     `json:"name"`
	Src  string     `json:"src"`
}

func newSourceDTO(c video.Content) sourceDTO { return sourceDTO{c.ID.String(), c.Type, c.Name, c.Src} }
