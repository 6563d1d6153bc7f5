#!lua flags=allow-oom
-- End a stream of any session of the account. The layout of a lease is in record.go.
-- KEYS    1 leases of one account
-- ARGV    1 stream id  2 id of the session that asks  3 its name  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, leases}; the outcomes are those of stream.Store.Stop
local floor, id, lease, remember = math.floor, ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = (time[1] - 1577836800) * 1000 + floor(time[2] / 1000) -- times count from 2020 but for the answer's
local unix = now + 1577836800000
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e = s:byte(i, i + 4)
  return (((a * 256 + b) * 256 + c) * 256 + d) * 256 + e
end
local function bytes(n) return string.char(floor(n / 2 ^ 32), floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256) end

local i = 1
while i <= #record do
  local after = i + 36 + record:byte(i + 35)
  if record:sub(i + 6, i + 21) == id then
    local ends = number(record, i + 1)
    if record:byte(i) ~= 108 then return {ends > now and 'ended' or 'unknown', unix, record} end -- 108 is l, for lease
    if ends + remember <= now then return {'unknown', unix, record} end
    local why = record:sub(i + 22, i + 29) == ARGV[2] and 's' or 't'
    record = record:sub(1, i - 1) .. why .. bytes(now + remember) .. record:sub(i + 6, i + 34)
      .. string.char(#ARGV[3]) .. ARGV[3] .. record:sub(after)
    redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', unix + lease + remember))
    redis.call('PUBLISH', KEYS[1], '')
    return {'done', unix, record}
  end
  i = after
end
return {'unknown', unix, record}
