#!lua flags=no-writes
-- List the leases of an account. The layout of a lease is in record.go.
-- KEYS    1 leases of one account
-- RETURNS {'done', now in ms, leases}
local time = redis.call('TIME')
return {'done', time[1] * 1000 + math.floor(time[2] / 1000), redis.call('GET', KEYS[1]) or ''}
