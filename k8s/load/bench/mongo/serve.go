package mongo

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// opMsg is the only kind of message sent by drivers that declare an API version.
const opMsg = 2013

const (
	headerLength = 16
	largest      = 1 << 20
)

// Server answers like a database in which every user and every content exists.
type Server struct {
	mu      sync.Mutex
	streams map[bson.ObjectID]int32 // by user
}

// Serve answers until the process ends.
func Serve(l net.Listener) error {
	s := &Server{streams: map[bson.ObjectID]int32{}}
	for {
		c, err := l.Accept()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		go func() {
			_ = s.serve(c) // the other side closed it
			_ = c.Close()
		}()
	}
}

func (s *Server) serve(c net.Conn) error {
	in := bufio.NewReader(c)
	for {
		var header [headerLength]byte
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		length := int(binary.LittleEndian.Uint32(header[:]))
		if length > largest || length < headerLength || binary.LittleEndian.Uint32(header[12:]) != opMsg {
			return errors.New("unknown kind of message")
		}
		body := make([]byte, length-headerLength)
		if _, err := io.ReadFull(in, body); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		answer, err := s.answer(body)
		if err != nil {
			return err
		}
		out := make([]byte, headerLength+5, headerLength+5+len(answer))
		binary.LittleEndian.PutUint32(out, uint32(cap(out))) //nolint:gosec // small
		copy(out[8:12], header[4:8])                         // the request's id
		binary.LittleEndian.PutUint32(out[12:], opMsg)
		if _, err := c.Write(append(out, answer...)); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
}

// answer answers the body of a message: four bytes of flags, then a section of kind 0, which is the command.
func (s *Server) answer(body []byte) ([]byte, error) {
	if len(body) < 5 || body[4] != 0 {
		return nil, errors.New("not a command")
	}
	command := bson.Raw(body[5:])
	if length := binary.LittleEndian.Uint32(command); int(length) < len(command) {
		command = command[:length]
	}
	elements, err := command.Elements()
	if err != nil || len(elements) == 0 {
		return nil, fmt.Errorf("not a command: %w", err)
	}
	answer, err := bson.Marshal(s.do(elements[0].Key(), command))
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	return answer, nil
}

func (s *Server) do(verb string, command bson.Raw) bson.D {
	ok := bson.E{Key: "ok", Value: 1.0}
	switch verb {
	case "hello", "ismaster":
		return bson.D{
			{Key: "isWritablePrimary", Value: true},
			{Key: "maxBsonObjectSize", Value: 16 << 20},
			{Key: "maxMessageSizeBytes", Value: 48_000_000},
			{Key: "maxWriteBatchSize", Value: 100_000},
			{Key: "localTime", Value: time.Now()},
			{Key: "minWireVersion", Value: 0},
			{Key: "maxWireVersion", Value: 21},
			{Key: "readOnly", Value: false},
			ok,
		}
	case "find":
		id, _ := command.Lookup("filter", "_id").ObjectIDOK()
		collection, _ := command.Lookup("find").StringValueOK()
		return bson.D{{Key: "cursor", Value: bson.D{
			{Key: "firstBatch", Value: bson.A{s.document(collection, id)}}, {Key: "id", Value: int64(0)}, {Key: "ns", Value: "predecessor." + collection},
		}}, ok}
	case "update":
		id, _ := command.Lookup("updates", "0", "q", "_id").ObjectIDOK()
		streams, _ := command.Lookup("updates", "0", "u", "$set", "streams").AsInt64OK()
		s.mu.Lock()
		s.streams[id] = int32(streams) //nolint:gosec // at most three
		s.mu.Unlock()
		return bson.D{{Key: "n", Value: 1}, {Key: "nModified", Value: 1}, ok}
	default:
		return bson.D{ok}
	}
}

func (s *Server) document(collection string, id bson.ObjectID) bson.D {
	if collection == "contents" {
		return bson.D{{Key: "_id", Value: id}, {Key: "name", Value: "A film"}, {Key: "src", Value: "https://cdn.example/films/a-film/index.m3u8"}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return bson.D{
		{Key: "_id", Value: id},
		{Key: "email", Value: "test@example.com"},
		{Key: "name", Value: "test"},
		{Key: "role", Value: "user"},
		{Key: "password", Value: "$2b$09$abcdefghijklmnopqrstuuVw3bZqkqmVJm4m0zJxkRrXz8J1yQ2bC"},
		{Key: "streams", Value: s.streams[id]},
		{Key: "createdAt", Value: time.Unix(1_600_000_000, 0)},
		{Key: "updatedAt", Value: time.Unix(1_600_000_000, 0)},
	}
}
