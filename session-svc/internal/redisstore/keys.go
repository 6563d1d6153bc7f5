package redisstore

import (
	"strconv"
	"time"
)

// Every key of Streamgate is built here. The braces are Redis Cluster's hash tag.

func leasesKey(account string) string { return "l:{" + account + "}" }

// promotionKey is where it is kept since when a promoted server is known.
func promotionKey(identity string, n int) string {
	return "promoted:" + identity + ":" + strconv.Itoa(n)
}

// promotionKept is for how long. If it is forgotten earlier than the server, new starts are held back once more.
const promotionKept = 30 * 24 * time.Hour

func sessionsKey(account string) string { return "s:{" + account + "}" }
