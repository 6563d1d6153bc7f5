package screens

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// Options say what a rig runs, and on what.
type Options struct {
	Root     string // of the repository
	Programs string // a folder for the programs of the services
	Build    bool   // build them first
	Media    string // the folder that is the blob store
	MongoURI string
	RedisURL string
	Began    time.Time // what all times are counted from
	Lengths  Lengths
}

// Rig is what screens run on: the services, and a browser.
type Rig struct {
	system  *System
	browser *Browser
	pages   http.Handler
	began   time.Time
	lengths Lengths
	dir     string
	bare    *http.Server
}

// Open starts it all.
func Open(ctx context.Context, o Options) (*Rig, error) {
	dir, err := os.MkdirTemp("", "streamgate-screens-")
	if err != nil {
		return nil, err
	}
	r := &Rig{
		system: &System{}, began: o.Began, lengths: o.Lengths, dir: dir,
		pages: newPages(filepath.Join(o.Root, "k8s", "load", "screens", "web", "node_modules")),
	}
	err = r.serveBare(ctx, o.Media)
	if err == nil {
		err = r.system.open(ctx, o, dir)
	}
	if err == nil {
		r.browser, err = NewBrowser(ctx, "chromium", o.Began)
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// serveBare serves the films without us, so that it is known what the players reach by themselves.
func (r *Rig) serveBare(ctx context.Context, media string) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.system.bare = []string{"http://" + listener.Addr().String()}
	if err := mime.AddExtensionType(".m3u8", "application/vnd.apple.mpegurl"); err != nil {
		return err
	}
	r.bare = &http.Server{Handler: anySite(http.StripPrefix("/bare", http.FileServer(http.Dir(media)))), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = r.bare.Serve(listener) }() // until it is closed
	return nil
}

// anySite lets players on any site read the answers, as a CDN does.
func anySite(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		handler.ServeHTTP(w, r)
	})
}

// Close ends it all, and leaves nothing.
func (r *Rig) Close() error {
	if r.browser != nil {
		r.browser.Close()
	}
	r.system.close()
	if r.bare != nil {
		_ = r.bare.Close() // nobody asks any more
	}
	return os.RemoveAll(r.dir)
}

// screenOf makes one that plays what is wished for.
func (r *Rig) screenOf(w Wish) Screen {
	if w.Player == "ffmpeg" {
		return FFmpeg(w, r.began)
	}
	return r.browser.Tab(w)
}
