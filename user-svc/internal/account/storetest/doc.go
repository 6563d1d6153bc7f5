// Package storetest is the conformance suite that every store of accounts passes.
package storetest
