// Package mongo stands in for MongoDB, in memory, for what is compared with Streamgate.
package mongo
