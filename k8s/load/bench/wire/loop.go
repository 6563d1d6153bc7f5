package wire

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Source makes the requests of a load and is told of their answers. All calls come from one goroutine.
type Source interface {
	// Next returns the next request, whose bytes must not change until its answer, and a number that Done gets back. It
	// returns false when there are no more.
	Next() (request []byte, id int, ok bool)
	// Done is told of an answer. Its bytes belong to the connection, and change after the call.
	Done(id int, answer Answer)
}

// pace says when requests are sent.
type pace interface {
	// due returns the instant at which the next request was due, if that is not after now; else the longest time to
	// wait for it.
	due(now time.Duration) (at, wait time.Duration, ok bool)
	// over reports whether no request is due any more.
	over(now time.Duration) bool
}

// loop drives connections over one epoll, on one thread.
type loop struct {
	epoll, timer int
	conns        map[int32]*conn
	idle         []*conn
	began        time.Time
	source       Source
	pace         pace
	record       *Load
	exhausted    bool
}

// stalled is how long a loop waits for any answer before it gives up.
const stalled = 10 * time.Second

func run(ctx context.Context, addr string, connections int, source Source, p pace) (*Load, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l := &loop{conns: map[int32]*conn{}, source: source, pace: p, record: newLoad()}
	defer l.close()
	if err := l.open(addr, connections); err != nil {
		return nil, err
	}
	l.began = time.Now()
	if err := l.drive(ctx); err != nil {
		return nil, err
	}
	l.record.Took = time.Since(l.began)
	return l.record, nil
}

func (l *loop) open(addr string, connections int) (err error) {
	to, err := netip.ParseAddrPort(addr)
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	if err := l.watch(l.timer); err != nil {
		return err
	}
	for range connections {
		c, err := dial(to)
		if err != nil {
			return err
		}
		l.conns[c.fd] = c
		l.idle = append(l.idle, c)
		if err := l.watch(int(c.fd)); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) watch(fd int) error {
	err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}) //nolint:gosec // a descriptor is small
	if err != nil {
		return fmt.Errorf("epoll: %w", err)
	}
	return nil
}

func (l *loop) close() {
	for _, c := range l.conns {
		_ = unix.Close(int(c.fd))
	}
	_ = unix.Close(l.timer)
	_ = unix.Close(l.epoll)
}

func (l *loop) drive(ctx context.Context) error {
	events := make([]unix.EpollEvent, 256)
	last := time.Now()
	for {
		if err := l.send(); err != nil {
			return err
		}
		now := time.Since(l.began)
		if (l.exhausted || l.pace.over(now)) && len(l.idle) == len(l.conns) {
			return nil
		}
		n, err := unix.EpollWait(l.epoll, events, 1000)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("epoll: %w", err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if n > 0 {
			last = time.Now()
		} else if time.Since(last) > stalled {
			return errors.New("no answer for 10 s")
		}
		for _, event := range events[:max(n, 0)] {
			if err := l.receive(event.Fd); err != nil {
				return err
			}
		}
	}
}

// send sends what is due on the connections that are free.
func (l *loop) send() error {
	for len(l.idle) > 0 && !l.exhausted {
		now := time.Since(l.began)
		if l.pace.over(now) {
			return nil
		}
		at, wait, ok := l.pace.due(now)
		if !ok {
			return l.wake(wait)
		}
		request, id, ok := l.source.Next()
		if !ok {
			l.exhausted = true
			return nil
		}
		c := l.idle[0] // the one that has rested longest: servers close connections that nothing comes on
		l.idle = l.idle[1:]
		c.id, c.scheduled = id, at
		if err := c.send(request); err != nil {
			return err
		}
	}
	return nil
}

// wake sets the timer.
func (l *loop) wake(after time.Duration) error {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(after, time.Microsecond)))}
	if err := unix.TimerfdSettime(l.timer, 0, &spec, nil); err != nil {
		return fmt.Errorf("timerfd: %w", err)
	}
	return nil
}

func (l *loop) receive(fd int32) error {
	c, ok := l.conns[fd]
	if !ok {
		var expirations [8]byte
		_, _ = unix.Read(l.timer, expirations[:]) // it may be spent already
		return nil
	}
	answer, whole, err := c.receive()
	if err != nil || !whole {
		return err
	}
	l.record.add(answer.Status, time.Since(l.began)-c.scheduled)
	l.source.Done(c.id, answer)
	l.idle = append(l.idle, c)
	return nil
}
