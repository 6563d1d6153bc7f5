// Command screens lets real players play from the real services on this machine, and prints what people would have seen.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"streamgate/k8s/load/command"
	"streamgate/k8s/load/screens"
	"streamgate/k8s/load/stack"
)

const usage = `screens lets real players play from the real services on this machine, and fails if they see what they should not. It wants chromium,
ffmpeg, the players (npm ci in k8s/load/screens/web) and, in TEST_MONGODB_URI and TEST_REDIS_URL, stores: devstack test -- screens

`

type options struct {
	short          bool
	only, part     string
	parallel       int
	work, programs string
}

func main() {
	var o options
	flag.BoolVar(&o.short, "short", false, "run the shorter cut")
	flag.StringVar(&o.only, "only", "", "run these rows alone: parts of their names, with commas between, such as hls.js,mp4 4M")
	flag.StringVar(&o.part, "part", "", "measure this part alone: cells (each player by itself), crowds (twelve of one account) or cmcd (players that report)")
	flag.IntVar(&o.parallel, "parallel", 9, "how many cells run at the same time")
	flag.StringVar(&o.work, "work", ".local/screens", "a folder where films and programs are kept")
	flag.StringVar(&o.programs, "programs", "", "a folder with user-svc, session-svc and content-svc, which are then not built")
	command.Main("screens", usage, func(ctx context.Context) (bool, error) { return run(ctx, o) })
}

// pair is a player and a film.
type pair struct {
	player, film string
	short        bool // it is in the shorter cut
	crowd        bool // twelve try with it; in the shorter cut only with the first
}

var pairs = []pair{
	{player: "hls.js", film: "hls 6s", short: true, crowd: true},
	{player: "hls.js", film: "hls 2s"},
	{player: "hls.js", film: "hls 10s", short: true},
	{player: "hls.js", film: "hls live"},
	{player: "dash.js", film: "dash", short: true, crowd: true},
	{player: "Shaka", film: "dash", short: true, crowd: true},
	{player: "Shaka", film: "hls 2s"},
	{player: "Shaka", film: "hls 6s"},
	{player: "Shaka", film: "hls 10s"},
	{player: "Shaka", film: "hls live"},
	{player: "video.js", film: "hls 6s", short: true, crowd: true},
	{player: "video.js", film: "hls 2s"},
	{player: "video.js", film: "hls 10s"},
	{player: "video.js", film: "hls live"},
	{player: "video.js", film: "dash"},
	{player: "Chromium", film: "mp4 150k", short: true, crowd: true},
	{player: "Chromium", film: "mp4 4M"},
	{player: "Chromium", film: "webm 150k", short: true, crowd: true},
	{player: "Chromium", film: "webm 4M"},
	{player: "Chromium", film: "hls files", short: true, crowd: true},
	{player: "Chromium", film: "hls live"},
	{player: "ffmpeg", film: "mp4 150k", short: true, crowd: true},
	{player: "ffmpeg", film: "mp4 4M"},
	{player: "ffmpeg", film: "hls files"},
	{player: "ffmpeg", film: "hls live"},
}

// reporters are the players that report by CMCD, which is the only heartbeat for a source outside of Streamgate. Shaka's other builds are made
// without the names of the states.
var reporters = []pair{
	{player: "hls.js", film: "hls 6s"},
	{player: "dash.js", film: "dash"},
	{player: "Shaka", film: "dash"},
	{player: "Shaka, debug build", film: "dash"},
}

func choose(o options) []pair {
	if o.part == "cmcd" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return o.only == "" && o.short && !p.short || !o.names(p.player+" "+p.film) })
}

func chooseReporting(o options) []pair {
	if o.part != "" && o.part != "cmcd" || o.part == "" && o.short {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(reporters), func(p pair) bool { return !o.names(p.player + " cmcd " + p.film) })
}

// names reports whether a row is to be run.
func (o options) names(row string) bool {
	return slices.ContainsFunc(strings.Split(o.only, ","), func(part string) bool { return strings.Contains(row, part) })
}

// run reports whether all is as promised.
func run(ctx context.Context, o options) (right bool, err error) {
	chosen, reporting := choose(o), chooseReporting(o)
	if len(chosen)+len(reporting) == 0 {
		return false, fmt.Errorf("there is no row %q", o.only)
	}
	began := time.Now()
	work, err := filepath.Abs(o.work)
	if err != nil {
		return false, err
	}
	library := screens.Library{Dir: filepath.Join(work, "media")}
	defer library.Close()
	rows, reports, err := films(ctx, &library, chosen, reporting)
	if err != nil {
		return false, err
	}
	say("films", began)
	rig, err := open(ctx, o, work, library.Dir, began)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, rig.Close()) }()
	for _, row := range rows {
		if err := rig.Publish(ctx, row.Film); err != nil {
			return false, err
		}
	}
	say("services", began)
	if o.part == "" || o.part == "cells" {
		cells(ctx, o.parallel, rig, rows)
		say("cells", began)
	}
	if o.part == "" || o.part == "crowds" {
		crowds(ctx, o.short, rig, chosen, rows)
	}
	reported(ctx, rig, reports)
	if ctx.Err() != nil {
		return false, errors.New("interrupted")
	}
	right = show(rows, reports)
	_, _ = fmt.Fprintf(os.Stdout, "\n%d rows in %.0f s\n", len(rows)+len(reports), time.Since(began).Seconds())
	return right, nil
}

// films makes the rows, and what they play.
func films(ctx context.Context, library *screens.Library, chosen, reporting []pair) (rows []screens.Row, reports []screens.ReportRow, err error) {
	for _, p := range chosen {
		film, err := library.Film(ctx, p.film)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, screens.Row{Player: p.player, Film: film})
	}
	for _, p := range reporting {
		film, err := library.Film(ctx, p.film)
		if err != nil {
			return nil, nil, err
		}
		reports = append(reports, screens.ReportRow{Player: p.player, Film: film})
	}
	return rows, reports, nil
}

// show prints the tables, and reports whether all is as promised.
func show(rows []screens.Row, reports []screens.ReportRow) (right bool) {
	right = true
	if len(rows) > 0 {
		right = screens.Table(os.Stdout, rows)
	}
	if len(reports) > 0 {
		right = screens.ReportTable(os.Stdout, reports) && right
	}
	return right
}

func open(ctx context.Context, o options, work, media string, began time.Time) (*screens.Rig, error) {
	root, err := stack.Root()
	if err != nil {
		return nil, err
	}
	programs, err := filepath.Abs(cmp.Or(o.programs, filepath.Join(work, "bin")))
	if err != nil {
		return nil, err
	}
	lengths := screens.Full
	if o.short {
		lengths = screens.Short
	}
	return screens.Open(ctx, screens.Options{
		Root: root, Programs: programs, Build: o.programs == "", Media: media,
		MongoURI: os.Getenv("TEST_MONGODB_URI"), RedisURL: os.Getenv("TEST_REDIS_URL"), Began: began, Lengths: lengths,
	})
}

// cells runs them, some at the same time.
func cells(ctx context.Context, parallel int, rig *screens.Rig, rows []screens.Row) {
	places := make(chan struct{}, parallel)
	var running sync.WaitGroup
	for i := range rows {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			rows[i].Err = rig.Watch(ctx, &rows[i])
			tell(&rows[i])
		})
	}
	running.Wait()
}

// crowds runs them, one after the other: each has twelve players.
func crowds(ctx context.Context, short bool, rig *screens.Rig, chosen []pair, rows []screens.Row) {
	for i, p := range chosen {
		if p.crowd && (!short || i == 0) && ctx.Err() == nil {
			rows[i].Err = errors.Join(rows[i].Err, rig.Crowd(ctx, &rows[i]))
			tell(&rows[i])
		}
	}
}

// reported runs those that report, at the same time.
func reported(ctx context.Context, rig *screens.Rig, rows []screens.ReportRow) {
	var running sync.WaitGroup
	for i := range rows {
		running.Go(func() {
			rows[i].Err = rig.Report(ctx, &rows[i])
			tell(&rows[i])
		})
	}
	running.Wait()
}

// tell says what was found, before the table does.
func tell(r fmt.Stringer) { _, _ = fmt.Fprintln(os.Stderr, "   ", r) }

func say(what string, began time.Time) {
	_, _ = fmt.Fprintf(os.Stderr, "%s: done after %.0f s\n", what, time.Since(began).Seconds())
}
