package redisstore

import (
	"strconv"
	"time"
)

// Every key of Streamgate is built here. The braces are Redis Cluster's hash tag.

// leasesKey is also the name of the channel on which the account's changes are published.
func leasesKey(account string) string { return "a:{" + account + "}" }

func sessionsKey(account string) string { return "s:{" + account + "}" }

// eventsKey begins as the leases do, so that a user of Redis needs no further right.
func eventsKey(account string) string { return leasesKey(account) + ":events" }

// roundKey is held by the replica that looks at all accounts.
const roundKey = "a:{round}:relay"

// endsChannel is where the id of each stream that is ended is published.
const endsChannel = "ends"

// houseKey is the tally of the minute that a time is in. It begins as the leases do, so that a user of Redis needs no further right.
func houseKey(at time.Time) string {
	return "a:{house}:" + strconv.FormatInt(at.Unix()/int64(tallyStep/time.Second), 10)
}

// keysOf returns both.
func keysOf(account string) []string { return []string{leasesKey(account), sessionsKey(account)} }

// promotionKey is where services write down since when they know a promoted server. The nth name is tried where the ones before are in
// no slot of that server.
func promotionKey(identity string, n int) string {
	return "promoted:" + identity + ":" + strconv.Itoa(n)
}

// promotionKept is how long that is kept. If it is forgotten earlier than the server, new starts are held back once more.
const promotionKept = 30 * 24 * time.Hour
