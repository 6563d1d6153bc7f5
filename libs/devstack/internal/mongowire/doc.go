// Package mongowire gives FerretDB two promises of MongoDB that services rely on.
//
// MongoDB updates a document atomically. FerretDB reads it, changes it and writes it back, without a lock in
// between, and so loses one of two updates that meet. MongoDB answers an update that breaks a unique index with
// the error 11000. FerretDB answers so for an insert, and with an internal error for an update.
//
// A Relay stands before FerretDB, lets one write pass at a time, and corrects that error. Everything else
// passes as it is.
package mongowire
