// Package mongowire gives FerretDB two guarantees of MongoDB that services rely on.
//
// MongoDB updates a document atomically. FerretDB reads it, changes it and writes it back without a lock, and so loses
// one of two simultaneous updates. MongoDB answers an update that breaks a unique index with the error 11000. FerretDB
// does so for an insert, but answers an update with an internal error.
//
// A Relay stands before FerretDB, lets one write pass at a time, and corrects that error. It passes everything else on
// unchanged.
package mongowire
