// Package web embeds the web app.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files are what build.js made: index.html and what it names, each compressed (.gz). Where it wasn't built, there is only unbuilt.html, which
// says how.
var Files = sub()

func sub() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is a valid one
	}
	return files
}
