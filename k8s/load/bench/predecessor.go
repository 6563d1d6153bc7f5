package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"streamgate/k8s/load/bench/node"
	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// predecessor compares the CPU that a play takes with that of a Node.js service, in turn.
func (s *stage) predecessor(ctx context.Context) error {
	folder := filepath.Join(s.Work, "node")
	if err := node.Install(ctx, folder); err != nil {
		_, _ = fmt.Fprintf(s.Out, "\nNode.js: not measured, since it could not be installed: %v\n", err)
		return nil
	}
	other, err := s.startNode(ctx, folder)
	if err != nil {
		return err
	}
	defer other.stop()
	if err := s.warm(ctx); err != nil {
		return err
	}
	var ours, theirs []sample
	for range s.rounds() {
		taken, err := s.calmly(func() (sample, error) {
			if err := s.signedIn(ctx, 0, len(s.tokens)); err != nil {
				return sample{}, err
			}
			return s.closed(ctx, plays(s.tokens))
		})
		if err != nil {
			return err
		}
		ours = append(ours, taken)
		if taken, err = s.calmly(func() (sample, error) { return s.nodePlays(ctx, other) }); err != nil {
			return err
		}
		theirs = append(theirs, taken)
	}
	t := &table{}
	t.add("", "plays per s", "µs of CPU, service", "µs, store")
	for _, each := range []struct {
		name    string
		samples []sample
	}{{"session-svc", ours}, {"Node.js (reconstruction)", theirs}} {
		of := func(figure func(sample) float64) float64 { return spreadOf(each.samples, figure).median }
		t.add(each.name, whole(of(func(s sample) float64 { return s.rate })), us(time.Duration(of(func(s sample) float64 { return float64(s.server) }))),
			us(time.Duration(of(func(s sample) float64 { return float64(s.redis) }))))
		s.complain(each.name, each.samples...)
	}
	var alone, together []float64
	for i := range ours {
		alone = append(alone, float64(theirs[i].server)/float64(ours[i].server))
		together = append(together, float64(theirs[i].server+theirs[i].redis)/float64(ours[i].server+ours[i].redis))
	}
	t.write(s.Out, "CPU of a play, GET /content/:id/play that is granted. The Node.js service is a reconstruction: Express, jsonwebtoken, the mongodb driver,\n"+
		"with nothing else that the real one had; its store is a stand-in in memory, which takes less than MongoDB would")
	s.goals.goal("CPU of a play, Node.js (reconstruction) to session-svc", "%.1f times", 10, true, spreadOver(alone))
	s.goals.goal("the same with the stores' CPU", "%.1f times", 10, true, spreadOver(together))
	return nil
}

// other is the Node.js service over its store.
type other struct {
	server, mongo *rig.Server
	accounts      int // so far
}

func (o *other) stop() {
	o.server.Kill()
	o.mongo.Kill()
}

// startNode starts the service and lets its compiler warm up.
func (s *stage) startNode(ctx context.Context, folder string) (*other, error) {
	mongo, err := startServer(ctx, mongoServer)
	if err != nil {
		return nil, err
	}
	server, err := node.Start(ctx, folder, mongo.Addr)
	if err != nil {
		mongo.Kill()
		return nil, err
	}
	o := &other{server: server, mongo: mongo}
	source, err := o.plays()
	if err == nil {
		_, err = wire.Closed(ctx, o.server.Addr, s.Connections, source, 10*time.Second)
	}
	if err != nil {
		o.stop()
	}
	return o, err
}

// plays returns plays of accounts that were not used before, since nothing ends a stream there.
func (o *other) plays() (*list, error) {
	const accounts = 4000
	var tokens []string
	for range accounts {
		claims := jwt.MapClaims{"id": rig.AccountID(o.accounts), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(node.Secret))
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		tokens = append(tokens, token)
		o.accounts++
	}
	return plays(tokens), nil
}

func (s *stage) nodePlays(ctx context.Context, o *other) (sample, error) {
	source, err := o.plays()
	if err != nil {
		return sample{}, err
	}
	var load *wire.Load
	taken, err := measure(o.server, o.mongo, self{}, func() (_ int, err error) {
		if load, err = wire.Closed(ctx, o.server.Addr, s.Connections, source, s.lasts()); err != nil {
			return 0, err
		}
		return load.Answers(), nil
	})
	taken.loaded = load
	return taken, err
}
