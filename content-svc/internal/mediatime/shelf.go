package mediatime

import (
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// shelf remembers values by name, the last used, up to a number of bytes.
type shelf[V any] struct {
	mu    sync.Mutex
	items *simplelru.LRU[string, sized[V]]
	bytes int64
	most  int64
}

type sized[V any] struct {
	value V
	bytes int64
}

// itemBytes is what an item takes beside its name and its value.
const itemBytes = 200

func newShelf[V any](most int64) *shelf[V] {
	s := &shelf[V]{most: most}
	items, err := simplelru.NewLRU(int(most/itemBytes)+1, func(_ string, v sized[V]) { s.bytes -= v.bytes })
	if err != nil {
		panic(err) // only for a size below one
	}
	s.items = items
	return s
}

func (s *shelf[V]) get(name string) (V, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item, ok := s.items.Get(name)
	return item.value, ok
}

// put remembers a value of so many bytes in place of what was there.
func (s *shelf[V]) put(name string, value V, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(name, value, bytes)
}

func (s *shelf[V]) set(name string, value V, bytes int64) {
	if old, ok := s.items.Peek(name); ok {
		s.bytes -= old.bytes
	}
	bytes += itemBytes + int64(len(name))
	s.bytes += bytes
	s.items.Add(name, sized[V]{value, bytes})
	for s.bytes > s.most && s.items.Len() > 1 {
		s.items.RemoveOldest()
	}
}

// getOr returns what is remembered, or remembers a new value.
func (s *shelf[V]) getOr(name string, fresh func() V) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if item, ok := s.items.Get(name); ok {
		return item.value
	}
	value := fresh()
	s.set(name, value, 0)
	return value
}

// first says whether a name wasn't there, and puts it there.
func (s *shelf[V]) first(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.items.Get(name); ok {
		return false
	}
	var none V
	s.set(name, none, 0)
	return true
}
