// Package demo fills an empty Streamgate with three short clips.
package demo

import (
	"context"
	"embed"
	"fmt"
	"path"
	"strings"
	"time"

	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/objectid"
	"streamgate/libs/service"
)

// clips are made by generate.sh.
//
//go:embed media/*.mp4 media/*.webm posters/*.jpg
var clips embed.FS

// folder is where the clips are in the blob store.
const folder = "demo/"

// entries have fixed ids, so that documents can show commands to paste.
var entries = []struct {
	id, clip    string
	typ         video.Type
	film        video.Film
	name        string
	description string
}{
	{
		"607c55840e977203b4d8b5e5", "bars.mp4", video.VOD,
		video.Film{Duration: 14 * time.Second, Width: 480, Height: 270},
		"The Test Card That Would Not Sit Still",
		"Fourteen seconds of colour, a clock that counts every frame and a beep for each second. If this plays smoothly, so will the film you came for.",
	},
	{
		"607c55840e977203b4d8b5e6", "mandelbrot.mp4", video.VOD,
		video.Film{Duration: 14 * time.Second, Width: 480, Height: 270},
		"A Dive into the Seahorse Valley",
		"We leave the harbour of the Mandelbrot set and steer for the cleft between its heart and its head, where the coastline never ends. Headphones help.",
	},
	{
		"607c55840e977203b4d8b5e7", "channel.webm", video.Livestream,
		video.Film{Width: 640, Height: 360},
		"Channel One: Back Shortly",
		"Our programme continues in a moment. Until then: the finest bars in television and one kilohertz, live from an empty studio.",
	},
}

// Store is where the clips go.
type Store interface {
	// WriteMissing writes a file, modified at that time, unless there is one.
	WriteMissing(ctx context.Context, path string, text []byte, modified time.Time) error
}

// Step returns the step of start-up that adds the clips: each file that is missing, and the entries of the catalogue once in the life of a
// database, so that a deleted entry stays deleted.
func Step(files Store, contents video.Store) service.Step {
	return service.Step{Name: "demo content", Do: func(ctx context.Context) error {
		// The entries' times are a second apart, so that the default order of a list shows the first one first.
		made := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		var seed []video.Content
		for i, e := range entries {
			poster := media.Posters + e.id + "/" + strings.TrimSuffix(e.clip, path.Ext(e.clip)) + ".jpg"
			for file, name := range map[string]string{"media/" + e.clip: folder + e.clip, "posters/" + path.Base(poster): poster} {
				text, err := clips.ReadFile(file)
				if err != nil {
					return fmt.Errorf("demo: %w", err)
				}
				if err := files.WriteMissing(ctx, name, text, made); err != nil {
					return fmt.Errorf("demo: %w", err)
				}
			}
			id, err := objectid.Parse("id", e.id)
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			at := made.Add(-time.Duration(i) * time.Second)
			seed = append(seed, video.Content{
				ID: id, Type: e.typ, Name: e.name, Description: e.description, Src: folder + e.clip, Film: e.film, Poster: poster, CreatedAt: at, UpdatedAt: at,
			})
		}
		return contents.Seed(ctx, "demo", seed)
	}}
}
