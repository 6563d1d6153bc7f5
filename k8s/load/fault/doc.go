// Package fault breaks connections and sets clocks, on purpose.
package fault
