package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"streamgate/k8s/load/bench/rig"
)

// Parts are the names of what can be measured.
var Parts = []string{"rates", "latency", "accounts", "refusals", "structures", "predecessor", deliveryPart, profilesPart}

// Run measures and prints.
func Run(ctx context.Context, o Options) error {
	var err error
	if o.Work, err = filepath.Abs(o.Work); err != nil { // the sources are built in their own folder
		return fmt.Errorf("folder for what is built: %w", err)
	}
	if err := os.MkdirAll(o.Work, 0o750); err != nil {
		return fmt.Errorf("folder for what is built: %w", err)
	}
	world, err := rig.NewWorld(ctx)
	if err != nil {
		return err
	}
	defer world.Close() //nolint:errcheck // no request is left to serve
	_, _ = fmt.Fprintf(o.Out, "Streamgate's benchmark, %s, %d cores for the service, Redis and the load together. Settings: %s\n",
		runtime.Version(), runtime.NumCPU(), strings.Join(append([]string{"LEASE=" + rig.Lease}, o.Settings...), " "))
	if o.wants(deliveryPart) {
		if err := delivery(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", deliveryPart, err)
		}
		if len(o.Only) == 1 {
			return nil
		}
	}
	if o.Against != "" || o.Traces > 0 {
		return compare(ctx, o, world)
	}
	s, err := newStage(ctx, o, world, o.Service)
	if err != nil {
		return err
	}
	defer s.close()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"rates", s.rates},
		{"latency", s.latency},
		{"accounts", s.sizes},
		{"refusals", s.refusals},
		{"structures", s.structures},
		{"predecessor", s.predecessor},
		{profilesPart, s.profiles},
	} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	if len(s.goals.rows) > 0 {
		s.goals.write(o.Out, "Goals")
	}
	return nil
}
