package screens

import (
	"os"
	"path/filepath"
	"testing"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	const written = `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-MAP:URI="high.m4s",BYTERANGE="850@0"
#EXTINF:2.000000,
#EXT-X-BYTERANGE:100@850
high.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:50@950
high.m4s
#EXTINF:1.500000,
#EXT-X-BYTERANGE:25@1000
high.m4s
#EXT-X-ENDLIST
`
	const want = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="high.m4s",BYTERANGE="850@0"
#EXTINF:4.000000,
#EXT-X-BYTERANGE:150@850
high.m4s
#EXTINF:1.500000,
#EXT-X-BYTERANGE:25@1000
high.m4s
#EXT-X-ENDLIST
`
	dir := t.TempDir()
	file := filepath.Join(dir, "high.m3u8")
	if err := os.WriteFile(file, []byte(written), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := join(dir, "high.m3u8", 2); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
	_, pieces, err := playlist(file)
	if err != nil || len(pieces) != 2 || pieces[1] != (Piece{"high.m4s", 1000, 1025, 4, 5.5, 0}) {
		t.Errorf("%v %v", pieces, err)
	}
	if err := os.WriteFile(file, []byte("#EXTM3U\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := join(dir, "high.m3u8", 2); err == nil {
		t.Error("a playlist of nothing was joined")
	}
}
