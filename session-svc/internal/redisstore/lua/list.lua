#!lua flags=no-writes
-- Lists the leases of an account.
--
-- KEYS     a:{account}    what the account plays, one packed value (record.go)
--          s:{account}    its device sessions, a hash (sessions.go)
-- RETURNS  {outcome, now, limit, record, sessions}
--          outcome        'done', or 'set_back': rebase.lua comes first
--          limit          that was set, or 0
--          sessions       the sessions of all leases in the record, in its order
local ACCOUNT = '>I6I6'
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local LEASES = {l = 'l', h = 'h', L = 'l', H = 'h', p = 'p', P = 'p'} -- of leases, live or lapsed

local leases_key, sessions_key = KEYS[1], KEYS[2]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = redis.call('GET', leases_key) or struct.pack(ACCOUNT, 0, 0)

local holders = {}
local _, _, at = struct.unpack(ACCOUNT, record)
while at <= #record do
  local state, seen, _, _, holder, _, _, _, _, after = struct.unpack(LEASE, record, at)
  if seen > now then return {'set_back', now} end
  if LEASES[state] then table.insert(holders, holder) end
  at = after
end
local limit = tonumber(redis.call('HGET', sessions_key, 'limit') or 0)
local sessions = #holders > 0 and redis.call('HMGET', sessions_key, unpack(holders)) or {}
return {'done', now, limit, record, sessions}
