// Package mongodb connects to MongoDB.
package mongodb
