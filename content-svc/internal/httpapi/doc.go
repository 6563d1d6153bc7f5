// Package httpapi answers HTTP requests with the catalogue and the media.
//
// The internal listener has the catalogue, for session-svc, which decides who may do what and passes requests on:
//
//	GET    /content                       a list: q, page, limit, sort (createdAt, name, type), fields; never src
//	GET    /content/:id                   a content, never src; ETag
//	POST   /content                       201 with Location: type, name, description, and src or upload; poster
//	PUT    /content/:id                   200: some of these
//	DELETE /content/:id                   204
//	PUT    /content/:id/media             200: a film, all at once
//	PUT    /content/:id/poster            200: a picture, all at once
//	POST   /uploads                       201 with Location: Upload-Length; the protocol tus
//	HEAD   /uploads/:id                   Upload-Offset
//	PATCH  /uploads/:id                   204: the next bytes
//	DELETE /uploads/:id                   204
//	GET    /internal/content/:id/source   {id, type, name, src}
//
// The public listener has the media and their description.
package httpapi
