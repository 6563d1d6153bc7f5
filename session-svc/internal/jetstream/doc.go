// Package jetstream brings events to a stream of NATS JetStream.
package jetstream
