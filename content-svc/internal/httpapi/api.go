package httpapi

import (
	"io/fs"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/upload"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/httpserver"
	"streamgate/libs/peer"
)

// Stall is how long a client may take for one piece of an answer before its connection is closed. Its system takes the bytes of a slow
// reader in leaps: Linux lets 1.4 MB be read before it makes room again, measured with one of 100 kB/s. So this is 190 kbit/s or more.
const Stall = time.Minute

// Options are what the handlers work with.
type Options struct {
	Catalogue *video.Catalogue
	Player    *media.Player
	Files     media.Files
	Uploads   *upload.Uploads
	App       fs.FS         // the web app, see package web
	Stall     time.Duration // see Stall
	Registry  *prometheus.Registry
}

// API has the handlers.
type API struct {
	Options

	sent    prometheus.Counter
	answers *prometheus.CounterVec
}

// New makes the handlers.
func New(o Options) *API {
	return &API{Options: o, sent: newSent(o.Registry), answers: newAnswers(o.Registry)}
}

// Public adds the routes of the public listener.
func (a *API) Public(e *httpserver.Engine) {
	e.Read("/", a.openApp)
	e.Read("/app/:file", a.openAppFile)
	e.Read("/media/posters/*path", a.openPoster)
	e.Read("/media/:grant/*path", a.openMedia)
	e.Route(http.MethodOptions, "/media/:grant/*path", a.preflightMedia)
}

// Internal adds the routes of the internal listener.
func (a *API) Internal(g *peer.Gate) {
	session := g.From("session-svc")
	session.Read("/content", a.listContents)
	session.Route(http.MethodPost, "/content", a.addContent)
	session.Read("/content/:id", a.readContent)
	session.Route(http.MethodPut, "/content/:id", a.changeContent)
	session.Route(http.MethodDelete, "/content/:id", a.deleteContent)
	session.Upload(http.MethodPut, "/content/:id/media", a.putMedia)
	session.Upload(http.MethodPut, "/content/:id/poster", a.putPoster)
	session.Route(http.MethodPost, "/uploads", a.beginUpload)
	session.Route(http.MethodHead, "/uploads/:id", a.lookUpload)
	session.Upload(http.MethodPatch, "/uploads/:id", a.continueUpload)
	session.Route(http.MethodDelete, "/uploads/:id", a.dropUpload)
	session.Read("/internal/content/:id/source", a.readSource)
}
