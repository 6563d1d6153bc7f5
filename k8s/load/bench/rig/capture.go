package rig

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Command is a command with its arguments.
type Command []string

// Capture returns the scripts that the service calls while do runs, word for word, as MONITOR shows them. So what is
// measured without the service is what the service does, whatever its scripts and keys have become.
func (r *Redis) Capture(ctx context.Context, do func() error) ([]Command, error) {
	const mark = "the end of what was captured"
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "tcp", r.Addr)
	if err != nil {
		return nil, fmt.Errorf("monitor: %w", err)
	}
	defer c.Close() //nolint:errcheck // nothing was written that matters
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	lines := bufio.NewReader(c)
	if _, err := io.WriteString(c, "MONITOR\r\n"); err != nil {
		return nil, fmt.Errorf("monitor: %w", err)
	}
	if _, err := lines.ReadString('\n'); err != nil {
		return nil, fmt.Errorf("monitor: %w", err)
	}
	if err := errors.Join(do(), r.Client.Echo(ctx, mark).Err()); err != nil {
		return nil, err
	}
	var commands []Command
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("monitor: %w", err)
		}
		_, source, _ := strings.Cut(line, " [")
		source, text, _ := strings.Cut(source, "] ")
		command := words(strings.TrimSpace(text))
		switch {
		case len(command) < 2 || strings.HasSuffix(source, " lua"):
		case command[1] == mark:
			return commands, nil
		case strings.EqualFold(command[0], "evalsha"):
			commands = append(commands, command)
		}
	}
}

// words parses words in quotes. MONITOR escapes as Go does, by \" \\ \n \r \t \a \b and \xHH.
func words(text string) Command {
	var command Command
	for strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return nil
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil
		}
		command = append(command, word)
		text = strings.TrimPrefix(strings.TrimPrefix(text, quoted), " ")
	}
	return command
}

// Argument reports whether every word can be an argument of a program.
func (c Command) Argument() bool {
	return !slices.ContainsFunc(c, func(word string) bool { return strings.ContainsRune(word, 0) })
}

// Keys returns which of the words are keys: EVALSHA digest count key… argument….
func (c Command) Keys() (from, to int) {
	n, _ := strconv.Atoi(c[2])
	return 3, 3 + n
}

// For returns the command for another account.
func (c Command) For(account, other string) Command {
	command := append(Command(nil), c...)
	from, to := c.Keys()
	for i := from; i < to; i++ {
		command[i] = strings.ReplaceAll(c[i], account, other)
	}
	return command
}

// Anyone returns the command for redis-benchmark to send for random accounts. Each key then belongs to another account,
// which makes no difference to the scripts, since all accounts are copies of one.
func (c Command) Anyone(account string) Command { return c.For(account, prefix+"__rand_int__") }

// Of returns the command for another account and its first stream, where it was made for the last stream of an account.
func (c Command) Of(from, to *Account) Command {
	return c.For(from.ID, to.ID).With(Raw(from.Session), Raw(to.Session), Raw(from.Streams[len(from.Streams)-1]), Raw(to.Streams[0]))
}

// With returns the command with texts replaced: old, new, …. An empty old text is skipped.
func (c Command) With(pairs ...string) Command {
	command := append(Command(nil), c...)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "" {
			continue
		}
		for n := range command {
			command[n] = strings.ReplaceAll(command[n], pairs[i], pairs[i+1])
		}
	}
	return command
}

// Whenever returns a captured start as one that is granted whenever it comes: its last two arguments, which say until when its answer is waited
// for, are set to a time that doesn't come.
func (c Command) Whenever() Command {
	const never = "9000000000000000" // ms
	return append(append(Command(nil), c[:len(c)-2]...), never, never)
}

// Any returns the words as arguments for a client of Redis.
func (c Command) Any() []any {
	all := make([]any, len(c))
	for i, word := range c {
		all[i] = word
	}
	return all
}

// OnNew returns the command for redis-benchmark to send for accounts that are signed in and have no streams yet, and
// the template's keys of its session, which all of these accounts use.
func (c Command) OnNew(account string, idle *Copy) (Command, []string) {
	command := append(Command(nil), c...)
	var signedIn []string
	from, to := c.Keys()
	for i := from; i < to; i++ {
		if !strings.Contains(c[i], account) || slices.Contains(idle.names(account), c[i]) {
			signedIn = append(signedIn, c[i])
			continue
		}
		command[i] = strings.ReplaceAll(c[i], account, prefix+"__rand_int__")
	}
	return command, signedIn
}
