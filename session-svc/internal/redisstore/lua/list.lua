#!lua flags=no-writes
-- List the leases of an account. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 lease, ms
-- RETURNS {'done', now in ms, leases, sessions of these}, or {'set_back', now in ms, ''} if the clock was: then rebase.lua comes first
local time = redis.call('TIME')
local unix = time[1] * 1000 + math.floor(time[2] / 1000)
local record, sids, i = redis.call('GET', KEYS[1]) or '', {}, 1
while i <= #record do
  if record:byte(i) == 108 then -- 108 is l, for lease
    local a, b, c, d, e = record:byte(i + 1, i + 5)
    local ends = (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e + 1577836800000 -- its times count from 2020
    if ends - ARGV[1] > unix then return {'set_back', unix, ''} end
    sids[#sids + 1] = record:sub(i + 22, i + 29)
  end
  i = i + 36 + record:byte(i + 35)
end
return {'done', unix, record, redis.call('HMGET', KEYS[2], 'm', unpack(sids))}
