package mongowire

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The layout of a message: a header of four int32 (length, request id, id of the request answered, opcode), and
// for OP_MSG the flags, the kind of the first section (0: one document), and the document.
// https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
const (
	headerSize    = 16
	opcodeOffset  = 12
	flagsOffset   = 16
	sectionOffset = 20
	bodyOffset    = 21

	opMsg          = 2013
	flagMoreToCome = 1 << 1   // in a request: no answer is wanted
	maxMessageSize = 48 << 20 // MongoDB's own limit
)

type message []byte

func readMessage(r io.Reader) (message, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerSize || size > maxMessageSize {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	m := make(message, size)
	copy(m, length[:])
	_, err := io.ReadFull(r, m[len(length):])
	return m, err
}

// body returns the document of an OP_MSG, or nil for another kind of message.
func (m message) body() bson.Raw {
	if len(m) < bodyOffset+4 || binary.LittleEndian.Uint32(m[opcodeOffset:]) != opMsg || m[sectionOffset] != 0 {
		return nil
	}
	size := binary.LittleEndian.Uint32(m[bodyOffset:])
	if int64(size) > int64(len(m)-bodyOffset) {
		return nil
	}
	return bson.Raw(m[bodyOffset : bodyOffset+size])
}

func (m message) wantsAnswer() bool {
	return m.body() == nil || binary.LittleEndian.Uint32(m[flagsOffset:])&flagMoreToCome == 0
}

// writes reports whether the message is a command that changes documents: a command's name is its first field.
func (m message) writes() bool {
	name, err := m.body().IndexErr(0)
	if err != nil {
		return false
	}
	switch strings.ToLower(name.Key()) {
	case "insert", "update", "delete", "findandmodify":
		return true
	}
	return false
}

const (
	codeInternalError = 1     // FerretDB's answer
	codeDuplicateKey  = 11000 // MongoDB's answer
	uniqueIndexBroken = "UNIQUE constraint failed"
)

// corrected returns the answer as MongoDB would send it.
func (m message) corrected() message {
	var answer struct {
		Code   int32  `bson:"code"`
		ErrMsg string `bson:"errmsg"`
	}
	if body := m.body(); body == nil || bson.Unmarshal(body, &answer) != nil || answer.Code != codeInternalError {
		return m
	}
	_, cause, broken := strings.Cut(answer.ErrMsg, uniqueIndexBroken)
	if !broken {
		return m
	}
	body, err := bson.Marshal(bson.D{
		{Key: "ok", Value: 0.0},
		{Key: "errmsg", Value: "E11000 duplicate key error" + cause},
		{Key: "code", Value: int32(codeDuplicateKey)},
		{Key: "codeName", Value: "DuplicateKey"},
	})
	if err != nil {
		return m
	}
	corrected := append(message(nil), m[:bodyOffset]...)
	corrected = append(corrected, body...)
	binary.LittleEndian.PutUint32(corrected, uint32(len(corrected))) //nolint:gosec // below 48 MB
	return corrected
}
