// Package mutant breaks the stream rule in the services' own source, so that the proof shows that it would find that.
package mutant
