package scenario

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/k8s/load/stack"
	"streamgate/libs/process"
	"streamgate/libs/wait"
)

// node is a primary of a Redis Cluster.
type node struct {
	*stack.Redis

	id string
}

const (
	clusterNodes = 3
	clusterSlots = 16384
)

// cluster starts a Redis Cluster and returns its nodes.
func (t *trial) cluster(ctx context.Context) ([]*node, error) {
	var nodes []*node
	for i := range clusterNodes {
		busAddr, err := process.FreeAddr(ctx, "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		_, bus, _ := net.SplitHostPort(busAddr)
		r, err := t.startRedis(ctx, stack.RedisOptions{Name: fmt.Sprint("node-", i), Args: append([]string{
			"--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000",
		}, stack.KeepNothing...)})
		if err != nil {
			return nil, err
		}
		n := &node{Redis: r}
		if err := r.Admin.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil { // as redis-cli --cluster create does
			return nil, err
		}
		if n.id, err = r.Admin.ClusterMyID(ctx).Result(); err != nil {
			return nil, err
		}
		from, to := i*clusterSlots/clusterNodes, (i+1)*clusterSlots/clusterNodes-1
		if err := r.Admin.ClusterAddSlotsRange(ctx, from, to).Err(); err != nil {
			return nil, err
		}
		if i > 0 {
			if err := nodes[0].Admin.Do(ctx, "cluster", "meet", "127.0.0.1", r.Port, bus).Err(); err != nil {
				return nil, err
			}
		}
		nodes = append(nodes, n)
	}
	for _, n := range nodes {
		err := until(ctx, func() (bool, error) {
			info, err := n.Admin.ClusterInfo(ctx).Result()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", clusterNodes)), err
		})
		if err != nil {
			return nil, err
		}
	}
	// A node that has data and started less than a lease ago may have forgotten some: session-svc would hold starts
	// back when it first meets it. Redis tells its age in whole seconds.
	return nodes, wait.For(ctx, Lease+time.Second)
}

func resharding(ctx context.Context, s Setting) (Verdict, error) {
	var nodes []*node
	servicesRedis := func(ctx context.Context, t *trial) (url, mode string, err error) {
		if nodes, err = t.cluster(ctx); err != nil {
			return "", "", err
		}
		return "redis://" + nodes[0].Addr() + "?addr=" + nodes[1].Addr() + "&addr=" + nodes[2].Addr(), "cluster", nil
	}
	return simple(plan{redis: servicesRedis}, func(ctx context.Context, t *trial) error {
		moved := 0
		for end := t.recorder.Now() + t.span(); t.recorder.Now() < end; {
			for _, account := range t.load.Accounts() {
				keys, err := move(ctx, nodes, account)
				if err != nil {
					return fmt.Errorf("move the slot of %s: %w", account, err)
				}
				moved += keys
				if err := wait.For(ctx, 20*time.Millisecond); err != nil {
					return err
				}
			}
		}
		t.notes = append(t.notes, fmt.Sprintf("%d keys were moved", moved))
		return nil
	})(ctx, s)
}

// move moves the slot of an account to the next node, as redis-cli --cluster reshard does.
func move(ctx context.Context, nodes []*node, account string) (moved int, err error) {
	slot, err := nodes[0].Admin.ClusterKeySlot(ctx, account).Result()
	if err != nil {
		return 0, err
	}
	owner, err := ownerOf(ctx, nodes, slot)
	if err != nil {
		return 0, err
	}
	from, to := nodes[owner], nodes[(owner+1)%len(nodes)]
	if err := to.Admin.Do(ctx, "cluster", "setslot", slot, "importing", from.id).Err(); err != nil {
		return 0, err
	}
	if err := from.Admin.Do(ctx, "cluster", "setslot", slot, "migrating", to.id).Err(); err != nil {
		return 0, err
	}
	for {
		keys, err := from.Admin.ClusterGetKeysInSlot(ctx, int(slot), 100).Result()
		if err != nil {
			return moved, err
		}
		if len(keys) == 0 {
			break
		}
		args := []any{"migrate", "127.0.0.1", to.Port, "", 0, 5000, "keys"}
		for _, key := range keys {
			args = append(args, key)
		}
		if err := from.Admin.Do(ctx, args...).Err(); err != nil {
			return moved, err
		}
		moved += len(keys)
	}
	// The new owner first, so that there always is one.
	for _, n := range append([]*node{to, from}, nodes...) {
		if err := n.Admin.Do(ctx, "cluster", "setslot", slot, "node", to.id).Err(); err != nil {
			return moved, err
		}
	}
	return moved, until(ctx, func() (bool, error) { return agree(ctx, nodes) })
}

// agree reports whether all nodes know the same epochs of each other. A node takes a slot by an epoch above all that it
// knows; if it doesn't know the last one, another node would take the slot back.
func agree(ctx context.Context, nodes []*node) (bool, error) {
	seen := map[string]string{} // by node
	for _, n := range nodes {
		text, err := n.Admin.ClusterNodes(ctx).Result()
		if err != nil {
			return false, err
		}
		for line := range strings.Lines(text) { // id address flags primary ping pong epoch link slots…
			fields := strings.Fields(line)
			if len(fields) < 7 {
				return false, fmt.Errorf("CLUSTER NODES: %q", line)
			}
			if known, ok := seen[fields[0]]; ok && known != fields[6] {
				return false, nil
			}
			seen[fields[0]] = fields[6]
		}
	}
	return true, nil
}

func ownerOf(ctx context.Context, nodes []*node, slot int64) (int, error) {
	for i, n := range nodes { // each knows best what it has itself
		shards, err := n.Admin.ClusterShards(ctx).Result()
		if err != nil {
			return 0, err
		}
		own := slices.IndexFunc(shards, func(s redis.ClusterShard) bool { return s.Nodes[0].ID == n.id })
		if own >= 0 && slices.ContainsFunc(shards[own].Slots, func(r redis.SlotRange) bool { return r.Start <= slot && slot <= r.End }) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no node has slot %d", slot)
}
