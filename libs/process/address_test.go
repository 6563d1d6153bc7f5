package process_test

import (
	"net"
	"testing"

	"streamgate/libs/process"
)

func TestFreeAddr(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	address := taken.Addr().String()
	other, err := process.FreeAddr(t.Context(), address)
	if err != nil || other == address {
		t.Errorf("in place of a taken address: %s, %v", other, err)
	}
	if same, err := process.FreeAddr(t.Context(), other); err != nil || same != other {
		t.Errorf("in place of a free address: %s, %v; want %s", same, err, other)
	}
	if address, err := process.FreeAddr(t.Context(), "nonsense"); err == nil {
		t.Errorf("%s in place of nonsense", address)
	}
}
