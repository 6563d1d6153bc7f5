package mediatime

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"regexp"
	"strconv"
	"time"
)

// mpd is an MPD (ISO/IEC 23009-1, section 5.3), as much of it as matters. It is decoded by encoding/xml, since the kept library for MPDs,
// Eyevinn/dash-mpd v0.16.0, has a decoder of its own that never ends on some valid documents.
type mpd struct {
	Type     string    `xml:"type,attr"`
	Duration *duration `xml:"mediaPresentationDuration,attr"`
	BaseURLs []string  `xml:"BaseURL"`
	Periods  []period  `xml:"Period"`
}

type period struct {
	Start    *duration `xml:"start,attr"`
	Duration *duration `xml:"duration,attr"`
	segments

	Sets []adaptationSet `xml:"AdaptationSet"`
}

// segments is what a period, an adaptation set or a representation says about segments.
type segments struct {
	BaseURLs []string         `xml:"BaseURL"`
	Template *segmentTemplate `xml:"SegmentTemplate"`
	List     *segmentList     `xml:"SegmentList"`
	Base     *segmentBase     `xml:"SegmentBase"`
}

type adaptationSet struct {
	ContentType string `xml:"contentType,attr"`
	format
	segments

	Representations []representation `xml:"Representation"`
}

type representation struct {
	ID        string `xml:"id,attr"`
	Bandwidth string `xml:"bandwidth,attr"`
	format
	segments
}

// format is what an adaptation set or a representation says about its media.
type format struct {
	MimeType string `xml:"mimeType,attr"`
	Codecs   string `xml:"codecs,attr"`
	Width    string `xml:"width,attr"`
	Height   string `xml:"height,attr"`
}

type segmentBase struct {
	Timescale      *uint32 `xml:"timescale,attr"`
	Offset         *uint64 `xml:"presentationTimeOffset,attr"`
	Initialization *struct {
		SourceURL string `xml:"sourceURL,attr"`
	} `xml:"Initialization"`
}

// multiple is what templates and lists have in common.
type multiple struct {
	segmentBase

	Duration    *uint32 `xml:"duration,attr"`
	StartNumber *uint32 `xml:"startNumber,attr"`
	EndNumber   *uint32 `xml:"endNumber,attr"`
	Timeline    *struct {
		S []timelineS `xml:"S"`
	} `xml:"SegmentTimeline"`
}

type timelineS struct {
	T *uint64 `xml:"t,attr"`
	D uint64  `xml:"d,attr"`
	R int64   `xml:"r,attr"`
}

type segmentTemplate struct {
	Media          string `xml:"media,attr"`
	Initialization string `xml:"initialization,attr"`
	multiple
}

type segmentList struct {
	multiple

	URLs []struct {
		Media string `xml:"media,attr"`
		Range string `xml:"mediaRange,attr"`
	} `xml:"SegmentURL"`
}

// Bounds of an MPD.
const (
	maxDepth           = 32   // elements in elements; the schema has about ten
	maxRepresentations = 2000 // of all periods
)

var errBomb = errors.New("elements too deep, or too many")

// decodeMPD decodes an MPD within bounds.
func decodeMPD(ctx context.Context, text []byte) (*mpd, error) {
	var doc mpd
	if err := xml.NewTokenDecoder(&counted{Decoder: xml.NewDecoder(timely{ctx, bytes.NewReader(text)})}).Decode(&doc); err != nil {
		return nil, err
	}
	return &doc, nil
}

// counted bounds the depth and the number of elements.
type counted struct {
	*xml.Decoder
	depth, elements int
}

// Token returns the next token as it stands: whoever reads it looks after names and ends.
func (c *counted) Token() (xml.Token, error) {
	token, err := c.RawToken()
	switch token.(type) {
	case xml.StartElement:
		c.depth++
		c.elements++
	case xml.EndElement:
		c.depth--
	}
	if c.depth > maxDepth || c.elements > 2*MaxSegments {
		return nil, errBomb
	}
	return token, err
}

// duration is an xs:duration, 0 for one that makes no sense. Years and months have no length of their own, and aren't used.
type duration time.Duration

var durationForm = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d*)?)S)?)?$`)

// UnmarshalText reads a duration such as PT1H2M3.5S.
func (d *duration) UnmarshalText(text []byte) error {
	parts := durationForm.FindStringSubmatch(string(text))
	if parts == nil {
		return nil
	}
	total := 0.0
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if n, err := strconv.ParseFloat(parts[i+1], 64); err == nil {
			total += n * float64(unit)
		}
	}
	*d = duration(min(total, float64(maxTime)))
	return nil
}

// maxTime is the latest time of an MPD or a playlist that makes sense; dates count from 1970.
const maxTime = 200 * 365 * 24 * time.Hour

// within returns a time, or the nearest that makes sense: none is below 0.
func within(d time.Duration) time.Duration { return min(max(d, 0), maxTime) }
