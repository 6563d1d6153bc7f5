// Package naive is the stream rule as it should not be written: servers with known faults, which the checks must find.
package naive
