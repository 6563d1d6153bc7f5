// Package mediatime says how much film the bytes of a file stand for.
//
// A screen is paid for in seconds of film, and content-svc sends bytes. The same second is 30 kB of one rendition and 3 MB of another,
// so bytes can't be counted instead. What a file stands for is written beside it or in it:
//
//	source of the content     what is read                                          a file of it
//	master.m3u8, index.m3u8   the master and its media playlists (RFC 8216)         Segment, by EXTINF, EXT-X-BYTERANGE, EXT-X-PART
//	manifest.mpd              the MPD (ISO/IEC 23009-1)                             Segment, by template, timeline or list
//	  of one file a rendition   and the file's own index                            Progressive, by sidx or Cues
//	film.mp4, film.mov        moov: the sample table (ISO/IEC 14496-12); in         Progressive
//	                          fragments: sidx, mfra, or the first fragments
//	film.webm, film.mkv       Info and Cues (RFC 9559)                              Progressive
//	anything else             nothing                                               Estimated, by a configured bit rate
//
// What no picture is made of costs nothing (Free): playlists, initialization segments, subtitles, thumbnails, and sound that is separate
// from a picture, for the picture beside it is paid for. Where there is no picture, sound costs its time.
//
// A Timeline is what is known of one file: media time as a function of the byte offset, which never falls, and the place in the film. It
// is worked out once for each file and ETag, and is plain arithmetic from then on.
//
// # The place in the film
//
// Positions count from the beginning of the film, the same for all renditions, so that a request can be told from a seek. The timeline
// of a live channel begins somewhere: at EXT-X-PROGRAM-DATE-TIME where there is one, else at the media sequence times the target
// duration, and goes on from there for as long as the channel is remembered. So positions are good for comparing two requests at one
// replica, and mean nothing elsewhere. A file that a playlist names at several places stands at the first of them.
//
// # Channels
//
// A live playlist is read again when a player was seen to get a new one, or asks for a segment that isn't known; at most once a second
// for the latter. A segment that has left the playlist is known for a minute or two more.
//
// # Files that lie
//
// A file is only as good as whoever wrote it, and none may make film free or a minute a day. A stretch of film is believed if its bit
// rate is plausible:
//
//   - at most 32 times the configured bit rate. At the usual 4 Mbit/s that is 128 Mbit/s, the most that an Ultra HD Blu-ray may have,
//     so no honest delivery format comes near;
//   - at least a 1024th of it where it claims more than a minute: 4 kbit/s, less than the thinnest speech codec in use. A minute or less
//     does no harm, and a picture that stands still has next to no bytes.
//
// What isn't plausible, can't be read, or needs more bytes than MaxPlaylist or MaxHeader, or more time than it may take, counts at the
// configured bit rate, with one line in the log for a file and its ETag (for a live playlist, for the file). A playlist names at most
// MaxSegments; nothing outside of the content's folder is read, and playlists in playlists only one level deep.
package mediatime
