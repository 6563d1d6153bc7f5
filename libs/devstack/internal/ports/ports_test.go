package ports_test

import (
	"net"
	"testing"

	"streamgate/libs/devstack/internal/ports"
)

func TestFree(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := taken.Addr().String()
	other, err := ports.Free(t.Context(), address)
	if err != nil || other == address {
		t.Errorf("in place of a taken address: %s, %v", other, err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if same, err := ports.Free(t.Context(), other); err != nil || same != other {
		t.Errorf("in place of a free address: %s, %v; want %s", same, err, other)
	}
	if address, err := ports.Free(t.Context(), "nonsense"); err == nil {
		t.Errorf("%s in place of nonsense", address)
	}
}
