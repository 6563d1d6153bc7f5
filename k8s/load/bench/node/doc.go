// Package node is a reconstruction of the Node.js service that Streamgate replaces.
//
// There is no copy of that service. This is the least that one of its kind does for a play: Express, a token checked on each request, the
// account and the content read from MongoDB, the count of streams read and then written back. It has no validation, no model layer, no
// log and no passport, which the real one had, so it is cheaper than that was.
package node
