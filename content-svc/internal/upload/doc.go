// Package upload takes films and posters that an administrator brings, and makes them part of the catalogue.
//
// An upload is a folder of the blob store, so that any replica can go on with it:
//
//	uploads/<upload>/upload.json             its size
//	uploads/<upload>/0000000000000000-x      what came with one request, from this offset on
//
// A request that breaks off leaves what it brought, and the next one goes on there. The parts are read in the order of their offsets: two
// that begin at the same one were sent twice, and the longer counts. Nothing has to be locked, and nothing is kept in memory.
//
// When it is complete, it is checked and copied to where it is played from; only then the catalogue is told. So no player ever sees half a
// film, and what was there stays until the new one is whole:
//
//	uploaded/<content>/<upload>/film.mp4     or .webm
//	uploaded/<content>/<upload>/…            the files of a tar or zip, with a playlist or an MPD that names them
//	posters/<content>/<upload>.jpg           or .png, .webp
//
// A film that was replaced is kept for those who watch it. What no content names any more is deleted a day later, and so is an upload
// that nobody goes on with: Sweep looks for them.
package upload
