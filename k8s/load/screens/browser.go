package screens

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is a Chromium of our own.
type Browser struct {
	ctx   context.Context //nolint:containedctx // chromedp's: it is the browser
	close func()
	began time.Time
}

// NewBrowser starts Chromium. It ends with Close, or with this process. Times are counted from began.
func NewBrowser(ctx context.Context, program string, began time.Time) (*Browser, error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.DisableGPU, chromedp.NoSandbox, // as root there is none, and its pages are our own
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("mute-audio", true),
	)
	allocator, endAllocator := chromedp.NewExecAllocator(ctx, options...)
	first, endFirst := chromedp.NewContext(allocator)
	b := &Browser{ctx: first, began: began, close: func() { endFirst(); endAllocator() }}
	if err := chromedp.Do(first); err != nil {
		b.close()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return b, nil
}

// Close ends it.
func (b *Browser) Close() { b.close() }

// tab is a screen in the browser.
type tab struct {
	browser *Browser
	address string
	ctx     context.Context //nolint:containedctx // chromedp's: it is the tab
	closed  sync.Once
	cancel  context.CancelFunc
	opened  bool
}

// Tab makes a screen.
func (b *Browser) Tab(w Wish) Screen { return b.tab(w) }

func (b *Browser) tab(w Wish) *tab {
	texts := map[string]any{"player": w.Player, "content": w.Film.ID, "id": w.ID, "stubborn": w.Stubborn}
	switch {
	case w.Bare:
		texts["source"] = w.Line.URL + "/bare/" + w.Film.Src
	case w.Started != nil:
		texts["source"], texts["cmcd"], texts["interval"] = w.Started.Source, w.Started.Stream.CMCD, w.Started.Stream.HeartbeatInterval
	default:
		texts["token"] = w.Device.Token
	}
	wish, _ := json.Marshal(texts)
	t := &tab{browser: b, address: w.Line.URL + "/screens/player.html#" + url.PathEscape(string(wish))}
	t.ctx, t.cancel = chromedp.NewContext(b.ctx)
	return t
}

// Open is as Screen says.
func (t *tab) Open(ctx context.Context) error {
	if t.opened {
		return t.do(ctx, chromedp.Reload())
	}
	t.opened = true
	return t.do(ctx, chromedp.Navigate(t.address))
}

// Look is as Screen says.
func (t *tab) Look(ctx context.Context) (Look, error) {
	type view struct {
		At       float64 `json:"at"`
		Position float64 `json:"position"`
		Height   int     `json:"height"`
		Hidden   bool    `json:"hidden"`
		Over     bool    `json:"over"`
		Stream   string  `json:"stream"`
		Problem  string  `json:"problem"`
	}
	var seen *view
	err := t.do(ctx, func(ctx context.Context, on *chromedp.Target) (none chromedp.Void, err error) {
		seen, err = chromedp.Evaluate[*view](`typeof viewer === "undefined" ? null : viewer.look()`)(ctx, on)
		return none, err
	})
	switch {
	case ctx.Err() != nil || t.ctx.Err() != nil:
		return Look{}, errors.Join(err, ctx.Err(), t.ctx.Err())
	case err != nil || seen == nil: // between two pages
		return Look{Sample: Sample{At: time.Since(t.browser.began)}, Problem: errNothing.Error()}, nil //nolint:nilerr // a page that reloads is no fault
	case seen.Hidden:
		return Look{}, errors.New("the page is hidden: its player would not play")
	}
	at := time.UnixMicro(int64(1000 * seen.At)).Sub(t.browser.began)
	return Look{Sample{At: at, Position: seen.Position, Height: seen.Height}, seen.Stream, seen.Problem, seen.Over}, nil
}

// Seek is as Screen says.
func (t *tab) Seek(ctx context.Context, seconds float64) error {
	return t.evaluate(ctx, fmt.Sprintf("viewer.seek(%f)", seconds))
}

// finish lets the screen show the end of its film.
func (t *tab) finish(ctx context.Context) error { return t.evaluate(ctx, "viewer.finish()") }

// Pause is as Screen says.
func (t *tab) Pause(ctx context.Context) error { return t.evaluate(ctx, "viewer.pause()") }

// Play is as Screen says.
func (t *tab) Play(ctx context.Context) error { return t.evaluate(ctx, "viewer.play()") }

// Close is as Screen says.
func (t *tab) Close() { t.closed.Do(t.cancel) }

func (t *tab) evaluate(ctx context.Context, expression string) error {
	return t.do(ctx, chromedp.Evaluate[chromedp.Void](expression))
}

// do does something in the tab, unless the caller's context ends before. The tab itself outlives that.
func (t *tab) do(ctx context.Context, action chromedp.Action[chromedp.Void]) error {
	done := make(chan error, 1)
	go func() { done <- chromedp.Do(t.ctx, action) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
