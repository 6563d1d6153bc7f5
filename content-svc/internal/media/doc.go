// Package media says which file of the blob store a media address opens.
//
// An address is /media/<grant>/<path>. The grant carries a scope, and the path is relative to the scope's folder:
//
//	scope               /media/<grant>/…     opens
//	demo/bars.mp4       bars.mp4             demo/bars.mp4 (nothing else)
//	shows/x/            index.m3u8           shows/x/index.m3u8
//	shows/x/            seg/1.ts             shows/x/seg/1.ts
//
// So the relative addresses inside of a playlist work as they are. Whatever isn't a plain path below the scope is answered as if it
// weren't there, and so is a grant that isn't ours.
package media
