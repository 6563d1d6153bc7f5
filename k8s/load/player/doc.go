// Package player plays as many viewers on many devices do, well and badly, and records what they are told.
package player
