package mongostore_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account/storetest"
)

// Every write of the store waits for a majority of the servers (P7), whatever its address asks for: otherwise a
// failover could undo an acknowledged write.
func TestWritesAreAcknowledgedByAMajority(t *testing.T) {
	t.Parallel()
	writes := map[string]int{}
	var mu sync.Mutex
	t.Run("all of the store", func(t *testing.T) {
		t.Parallel()
		t.Cleanup(func() { // once all that it runs is done
			mu.Lock()
			defer mu.Unlock()
			for _, name := range []string{"insert", "update", "findAndModify", "delete"} {
				if writes[name] == 0 {
					t.Errorf("no %s was seen among %v, so that this shows nothing of it", name, writes)
				}
			}
		})
		storetest.Run(t, func(t *testing.T) storetest.Stores {
			t.Helper()
			uri, database := testkit.Mongo(t)
			return open(t, watched(t, uri, func(command bson.Raw) {
				first, err := command.IndexErr(0)
				if err != nil || !slices.Contains([]string{"insert", "update", "findAndModify", "delete"}, first.Key()) {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				writes[first.Key()]++
				if w, _ := command.Lookup("writeConcern", "w").StringValueOK(); w != "majority" {
					t.Errorf("not written to a majority: %v", command)
				}
			}), database)
		})
	})
}

// watched returns the address of a relay to a server, which shows the commands that pass.
func watched(t *testing.T, uri string, show func(command bson.Raw)) string {
	t.Helper()
	address, err := url.Parse(testkit.Intercept(t, uri, func(client, server net.Conn) { relay(client, server, show) }))
	if err != nil {
		t.Fatal(err)
	}
	address.RawQuery = "directConnection=true&w=1"
	return address.String()
}

func relay(client, server net.Conn, show func(command bson.Raw)) {
	go func() { _, _ = io.Copy(client, server) }()
	for {
		length := make([]byte, 4)
		if _, err := io.ReadFull(client, length); err != nil {
			return
		}
		message := make([]byte, binary.LittleEndian.Uint32(length))
		copy(message, length)
		if _, err := io.ReadFull(client, message[4:]); err != nil {
			return
		}
		// An OP_MSG: a header of 16 bytes with the code 2013 at its end, flags, and a first section of kind 0, which is the command.
		if binary.LittleEndian.Uint32(message[12:]) == 2013 && message[20] == 0 {
			command := message[21:]
			show(bson.Raw(command[:binary.LittleEndian.Uint32(command)]))
		}
		if _, err := server.Write(message); err != nil {
			return
		}
	}
}
