package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Answer is an HTTP answer. Header and Body belong to the connection.
type Answer struct {
	Status int
	Header []byte // with the status line
	Body   []byte
}

// conn is a connection that is kept alive, with one request at a time.
type conn struct {
	fd        int32
	id        int
	scheduled time.Duration // when the request was due
	buffer    [16 << 10]byte
	filled    int
}

func dial(to netip.AddrPort) (*conn, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); err != nil {
		return nil, errors.Join(fmt.Errorf("connect to %s: %w", to, err), unix.Close(fd))
	}
	err = errors.Join(unix.SetNonblock(fd, true), unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("socket: %w", err), unix.Close(fd))
	}
	return &conn{fd: int32(fd)}, nil //nolint:gosec // a descriptor is small
}

func (c *conn) send(request []byte) error {
	n, err := unix.Write(int(c.fd), request)
	if err == nil && n < len(request) {
		err = errors.New("the socket is full")
	}
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

var (
	headerEnd     = []byte("\r\n\r\n")
	contentLength = []byte("\r\nContent-Length: ")
)

// receive reads once, and reports whether the answer is complete.
func (c *conn) receive() (Answer, bool, error) {
	n, err := unix.Read(int(c.fd), c.buffer[c.filled:])
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return Answer{}, false, nil
	}
	if err != nil {
		return Answer{}, false, fmt.Errorf("receive: %w", err)
	}
	if n == 0 {
		return Answer{}, false, errors.New("the server closed a connection")
	}
	c.filled += n
	text := c.buffer[:c.filled]
	head := bytes.Index(text, headerEnd)
	if head < 0 {
		return Answer{}, false, c.room()
	}
	status, err := strconv.Atoi(string(text[9:12]))
	if err != nil {
		return Answer{}, false, fmt.Errorf("status line: %w", err)
	}
	length := 0
	if _, rest, found := bytes.Cut(text[:head+2], contentLength); found {
		digits, _, _ := bytes.Cut(rest, headerEnd[:2])
		if length, err = strconv.Atoi(string(digits)); err != nil {
			return Answer{}, false, fmt.Errorf("content length: %w", err)
		}
	} else if status != 204 && status != 304 {
		return Answer{}, false, errors.New("an answer without Content-Length")
	}
	whole := head + len(headerEnd) + length
	if c.filled < whole {
		return Answer{}, false, c.room()
	}
	c.filled = 0
	return Answer{status, text[:head+2], text[head+len(headerEnd) : whole]}, true, nil
}

func (c *conn) room() error {
	if c.filled == len(c.buffer) {
		return errors.New("an answer larger than 16 KiB")
	}
	return nil
}

// Field returns a header's value, or "". The name is spelt as the server spells it.
func (a Answer) Field(name string) string {
	_, rest, found := bytes.Cut(a.Header, []byte("\r\n"+name+": "))
	if !found {
		return ""
	}
	value, _, _ := bytes.Cut(rest, headerEnd[:2])
	return string(value)
}
