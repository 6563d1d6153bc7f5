// Package memstore is the stream rule as a model: the executable specification that every other store is compared with.
//
// It keeps everything in one process, so it is for tests alone.
package memstore
