// Package mutant breaks the stream rule in session-svc's own source, so that the proof shows that it would find that.
package mutant
