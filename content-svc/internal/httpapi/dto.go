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
	Duration    float64      `json:"duration,omitzero"` // seconds
	Width       int          `json:"width,omitzero"`    // pixels
	Height      int          `json:"height,omitzero"`
	Poster      string       `json:"poster,omitzero"` // a path on the host of the media
	CreatedAt   instant.Time `json:"createdAt"`
	UpdatedAt   instant.Time `json:"updatedAt"`
}

func newContentDTO(c video.Content) contentDTO {
	dto := contentDTO{
		ID: c.ID.String(), Type: c.Type, Name: c.Name, Description: c.Description, Duration: c.Duration.Seconds(), Width: c.Width, Height: c.Height,
		CreatedAt: instant.Time(c.CreatedAt), UpdatedAt: instant.Time(c.UpdatedAt),
	}
	if c.Poster != "" {
		dto.Poster = "/media/" + c.Poster
	}
	return dto
}

// changeDTO has the fields of a content that a client may set.
type changeDTO struct {
	Type        *string `json:"type"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Src         *string `json:"src"`
	Upload      *string `json:"upload"` // in place of src: what was uploaded
	Poster      *string `json:"poster"` // what was uploaded as its poster; "" for none
}

func (d changeDTO) change() video.Change {
	return video.Change{Type: (*video.Type)(d.Type), Name: d.Name, Description: d.Description, Src: d.Src}
}

func (d changeDTO) given() given { return given{d.Upload, d.Poster} }

// uploadDTO is an upload.
type uploadDTO struct {
	ID     string `json:"id"`
	Size   int64  `json:"size"`   // bytes
	Offset int64  `json:"offset"` // bytes that are there
}

// sourceDTO is what session-svc sees of a content.
type sourceDTO struct {
	ID   string     `json:"id"`
	Type video.Type `json:"type"`
	Name string     `json:"name"`
	Src  string     `json:"src"`
}

func newSourceDTO(c video.Content) sourceDTO { return sourceDTO{c.ID.String(), c.Type, c.Name, c.Src} }
