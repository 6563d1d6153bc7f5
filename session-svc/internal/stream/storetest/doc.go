// Package storetest is the conformance suite of stream.Store and session.Store.
package storetest
