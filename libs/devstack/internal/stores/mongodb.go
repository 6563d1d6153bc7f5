package stores

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"

	"streamgate/libs/devstack/internal/mongowire"
	"streamgate/libs/process"
)

// openMongoDB serves MongoDB's protocol from SQLite files, through FerretDB in this process.
func openMongoDB(ctx context.Context, o Options) (*Store, error) {
	if o.MongoDBURI != "" {
		return existing("a server of yours", o.MongoDBURI), nil
	}
	listen, err := process.FreeAddr(ctx, o.MongoDBAddress)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(o.Dir, "mongodb")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	server, err := newFerretDB(dir, o.Throwaway)
	if err != nil {
		return nil, fmt.Errorf("FerretDB in %s: %w", dir, err)
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // ends when it is closed
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = server.Run(running) // always nil
	}()
	stopServer := func() {
		stop()
		<-stopped
	}

	address, err := url.Parse(server.MongoDBURI())
	if err != nil {
		stopServer()
		return nil, err
	}
	relay, err := mongowire.Listen(ctx, listen, address.Host)
	if err != nil {
		stopServer()
		return nil, err
	}
	return &Store{
		Kind: "FerretDB on SQLite",
		URL:  "mongodb://" + relay.Addr().String() + "/",
		Data: dir,
		close: func(context.Context) error { // the relay ends every connection, so FerretDB has none to wait for
			err := relay.Close()
			stopServer()
			return err
		},
	}, nil
}

// oneNew guards a global variable that ferretdb.New sets.
var oneNew sync.Mutex

func newFerretDB(dir string, throwaway bool) (*ferretdb.FerretDB, error) {
	oneNew.Lock()
	defer oneNew.Unlock()
	return ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: "127.0.0.1:0"},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Handler:   "sqlite",
		SQLiteURL: sqliteURL(dir, throwaway),
	})
}

func sqliteURL(dir string, throwaway bool) string {
	query := url.Values{}
	if throwaway {
		query.Add("_pragma", "synchronous(off)")
	}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(dir) + "/", RawQuery: query.Encode()}
	return u.String()
}
