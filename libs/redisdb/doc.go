// Package redisdb connects to Redis.
package redisdb
