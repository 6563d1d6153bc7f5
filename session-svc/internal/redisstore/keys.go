package redisstore

// Every key of Streamgate is built here. The braces are Redis Cluster's hash tag.

func leasesKey(account string) string { return "l:{" + account + "}" }

func sessionsKey(account string) string { return "s:{" + account + "}" }
