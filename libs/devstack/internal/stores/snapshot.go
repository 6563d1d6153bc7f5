package stores

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed dump.lua
var dumpScript string

// saveInterval is the most time whose changes miniredis loses if the process is killed.
const saveInterval = 2 * time.Second

// snapshot keeps the strings and hashes of miniredis in a file, the only types that Streamgate uses.
type snapshot struct {
	client *redis.Client
	file   string
	saved  []byte // the content of the file
}

// entry is one key. Keys and values are bytes, which JSON shows as base64.
type entry struct {
	Key     []byte   `json:"key"`
	Type    string   `json:"type"`
	Expires int64    `json:"expires,omitempty"` // Unix milliseconds, so that time passes while nothing runs
	Values  [][]byte `json:"values"`            // the string, or fields and values in turn
}

// load restores the keys that have not expired meanwhile.
func (s *snapshot) load(ctx context.Context) error {
	text, err := os.ReadFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var entries []entry
	if err := json.Unmarshal(text, &entries); err != nil {
		return fmt.Errorf("%s is damaged (remove it to start empty): %w", s.file, err)
	}
	now := time.Now()
	pipe := s.client.Pipeline()
	for _, e := range entries {
		expires := time.UnixMilli(e.Expires)
		if e.Expires > 0 && !expires.After(now) {
			continue
		}
		if err := put(ctx, pipe, e); err != nil {
			return fmt.Errorf("%s is damaged (remove it to start empty): %w", s.file, err)
		}
		if e.Expires > 0 {
			pipe.PExpireAt(ctx, string(e.Key), expires)
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("load %s: %w", s.file, err)
	}
	return nil
}

func put(ctx context.Context, pipe redis.Pipeliner, e entry) error {
	switch {
	case e.Type == "string" && len(e.Values) == 1:
		pipe.Set(ctx, string(e.Key), e.Values[0], 0)
	case e.Type == "hash" && len(e.Values) >= 2 && len(e.Values)%2 == 0:
		fields := make([]any, len(e.Values))
		for i, v := range e.Values {
			fields[i] = v
		}
		pipe.HSet(ctx, string(e.Key), fields...)
	default:
		return fmt.Errorf("a %s of %d values", e.Type, len(e.Values))
	}
	return nil
}

// save replaces the file if the data have changed.
func (s *snapshot) save(ctx context.Context) error {
	entries, err := s.dump(ctx)
	if err != nil {
		return fmt.Errorf("snapshot of miniredis: %w", err)
	}
	text, err := json.Marshal(entries)
	if err != nil || bytes.Equal(text, s.saved) {
		return err
	}
	if err := replaceFile(s.file, text); err != nil {
		return fmt.Errorf("snapshot of miniredis: %w", err)
	}
	s.saved = text
	return nil
}

func (s *snapshot) dump(ctx context.Context) ([]entry, error) {
	rows, err := s.client.EvalRO(ctx, dumpScript, nil).Slice()
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(rows))
	for _, row := range rows {
		e, err := entryOf(row)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return bytes.Compare(a.Key, b.Key) })
	return entries, nil
}

func entryOf(row any) (entry, error) {
	columns, ok := row.([]any)
	if !ok || len(columns) != 4 {
		return entry{}, fmt.Errorf("a row of %T", row)
	}
	key, _ := columns[0].(string)
	kind, _ := columns[1].(string)
	expires, _ := columns[2].(int64)
	e := entry{Key: []byte(key), Type: kind, Expires: max(expires, 0)}
	switch value := columns[3].(type) {
	case string:
		e.Values = [][]byte{[]byte(value)}
	case []any:
		for _, v := range value {
			text, _ := v.(string)
			e.Values = append(e.Values, []byte(text))
		}
		sortFields(e.Values)
	default:
		return entry{}, fmt.Errorf("key %q is a %s, and only strings and hashes are kept", key, kind)
	}
	return e, nil
}

// sortFields returns equal hashes the same form in the file.
func sortFields(values [][]byte) {
	pairs := slices.SortedFunc(slices.Chunk(slices.Clone(values), 2), func(a, b [][]byte) int { return bytes.Compare(a[0], b[0]) })
	copy(values, slices.Concat(pairs...))
}

// saveRegularly saves changes until it is stopped, even after ctx has ended.
func (s *snapshot) saveRegularly(ctx context.Context, changed *atomic.Bool) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(saveInterval)
		defer ticker.Stop()
		before := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			now := changed.Swap(false)
			if !now && !before { // a command is noted before it is executed, perhaps after this check: so check twice
				continue
			}
			before = now
			if err := s.save(ctx); err != nil && ctx.Err() == nil {
				slog.ErrorContext(ctx, "data would be lost if this process were killed", "error", err)
			}
		}
	}()
	return func() {
		cancel()
		<-stopped
	}
}

// replaceFile writes a file that, even after a crash, is either the old or the new one.
func replaceFile(name string, text []byte) error {
	next := name + ".next"
	file, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	return os.Rename(next, name)
}
