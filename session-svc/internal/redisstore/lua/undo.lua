#!lua flags=allow-oom
-- Takes back a start whose answer nobody got: its slot is free again, as if it had never been
-- taken. What has given a sign of life since, or was told to a client that repeated the start,
-- stays.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
-- ARGV     stream         id that the start would have given
--          keep           ms that the record is kept
--          start_every    ms that the start was paid for with
-- RETURNS  {1 if there was something to take back, else 0}
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'

local leases_key = KEYS[1]
local stream, keep, start_every = unpack(ARGV)

local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)
local spent, starts, first = struct.unpack(ACCOUNT, record)
local at = first
while at <= #record do
  local state, seen, cover, id, _, started, _, _, _, after = struct.unpack(LEASE, record, at)
  if id == stream then
    if state ~= 'l' or seen ~= started or cover ~= 0 then return {0} end
    record = struct.pack(ACCOUNT, spent, math.max(0, starts - start_every))
      .. record:sub(first, at - 1)
      .. record:sub(after)
    redis.call('SET', leases_key, record, 'PX', keep)
    redis.pcall('PUBLISH', leases_key, '')
    return {1}
  end
  at = after
end
return {0}
