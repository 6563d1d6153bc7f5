package screens

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed web/player.html web/reporting.js web/screen.js
var own embed.FS

// newPages serves the page of a screen, and the players from npm's folder.
func newPages(nodeModules string) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/node_modules/", http.StripPrefix("/node_modules", http.FileServer(http.Dir(nodeModules))))
	web, _ := fs.Sub(own, "web") // it is there
	mux.Handle("/", http.FileServerFS(web))
	return mux
}
