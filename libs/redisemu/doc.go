// Package redisemu teaches miniredis, which stands in for Redis on a machine without one, what it doesn't know of scripts.
package redisemu
