package screens

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"streamgate/libs/process"
	"streamgate/libs/wait"
)

// cli is ffmpeg as a screen: it takes what it is sent at the pace of play, and shows it to nobody.
type cli struct {
	wish  Wish
	began time.Time

	mu       sync.Mutex
	ended    context.CancelFunc // of asking for a stream
	process  *process.Process
	said     *bytes.Buffer // by the process, to be read when it is done
	stream   string
	source   string
	offset   float64 // where in the film it began
	position float64
	problem  string
}

// FFmpeg makes a screen.
func FFmpeg(w Wish, began time.Time) Screen { return &cli{wish: w, began: began, ended: func() {}} }

// Open is as Screen says.
func (c *cli) Open(ctx context.Context) error {
	c.Close()
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	c.mu.Lock()
	c.ended, c.stream = cancel, ""
	c.mu.Unlock()
	go c.watch(ctx)
	return nil
}

// watch asks for a stream until there is one, and plays it.
func (c *cli) watch(ctx context.Context) {
	for ctx.Err() == nil {
		started, err := c.wish.Device.Start(ctx, c.wish.Line.URL, c.wish.Film.ID, c.wish.ID)
		if err == nil {
			c.mu.Lock()
			c.stream, c.source = started.Stream.ID, started.Source
			c.mu.Unlock()
			done, err := c.run(ctx, 0)
			if err != nil {
				c.say(err.Error())
				return
			}
			if !c.wish.Stubborn {
				return
			}
			select {
			case <-done:
			case <-ctx.Done():
			}
		} else {
			c.say(err.Error())
		}
		_ = wait.For(ctx, time.Second)
	}
}

func (c *cli) say(problem string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problem = problem
}

// run starts ffmpeg somewhere in the film.
func (c *cli) run(ctx context.Context, from float64) (done <-chan struct{}, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	args := []string{"-nostdin", "-v", "error", "-re"}
	if from > 0 {
		args = append(args, "-ss", strconv.FormatFloat(from, 'f', 1, 64))
	}
	cmd := exec.Command("ffmpeg", append(args, "-i", c.source, //nolint:gosec,noctx // ended by Close
		"-c", "copy", "-stats_period", "0.1", "-progress", "pipe:1", "-f", "null", "-")...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.offset, c.position, c.problem = from, from, ""
	said := &bytes.Buffer{}
	cmd.Stderr = said
	p, err := process.Start("ffmpeg", cmd, nil)
	if err != nil {
		return nil, err
	}
	c.process, c.said = p, said
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if us, ok := strings.CutPrefix(lines.Text(), "out_time_us="); ok {
				c.progress(p, us)
			}
		}
	}()
	return p.Done(), nil
}

func (c *cli) progress(p *process.Process, us string) {
	n, err := strconv.ParseInt(us, 10, 64) // N/A before the first frame
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.process == p {
		c.position = c.offset + float64(n)/1e6
	}
}

// Look is as Screen says. The height is that of what came last.
func (c *cli) Look(context.Context) (Look, error) {
	height := c.wish.Line.height(c.wish.Film)
	c.mu.Lock()
	defer c.mu.Unlock()
	look := Look{Sample{At: time.Since(c.began), Position: c.position, Height: height}, c.stream, c.problem, false}
	if c.process != nil {
		select {
		case <-c.process.Done():
			look.Problem = strings.TrimSpace("ended " + c.said.String())
		default:
		}
	}
	return look, nil
}

// Seek is as Screen says: ffmpeg begins again there, with the same source.
func (c *cli) Seek(ctx context.Context, seconds float64) error {
	c.mu.Lock()
	p := c.process
	c.mu.Unlock()
	if p == nil {
		return fmt.Errorf("seek: %w", errNothing)
	}
	p.Kill()
	_, err := c.run(ctx, seconds)
	return err
}

// Pause is as Screen says.
func (c *cli) Pause(context.Context) error { return c.signal(syscall.SIGSTOP) }

// Play is as Screen says.
func (c *cli) Play(context.Context) error { return c.signal(syscall.SIGCONT) }

func (c *cli) signal(s syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return errNothing
	}
	c.process.Signal(s)
	return nil
}

// Close is as Screen says.
func (c *cli) Close() {
	c.mu.Lock()
	c.ended()
	p := c.process
	c.process = nil
	c.mu.Unlock()
	if p != nil {
		p.Kill()
	}
}
