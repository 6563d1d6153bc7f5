#!lua flags=allow-oom
-- End a stream of any session of the account. The layout of a lease is in record.go.
-- KEYS    1 leases of one account
-- ARGV    1 stream id  2 id of the session that asks  3 its name  4 lease, ms  5 remember, ms
-- RETURNS {outcome, now in ms, leases}; the outcomes are those of stream.Store.Stop
local floor, id, lease, remember = math.floor, ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local record = redis.call('GET', KEYS[1]) or ''
local function number(s, i)
  local a, b, c, d, e, f = s:byte(i, i + 5)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end

local i = 1
while i <= #record do
  local after = i + 38 + record:byte(i + 37)
  if record:sub(i + 7, i + 22) == id then
    local ends = number(record, i + 1)
    if record:byte(i) ~= 108 then return {ends > now and 'ended' or 'unknown', now, record} end -- 108 is l, for lease
    if ends + remember <= now then return {'unknown', now, record} end
    local why = record:sub(i + 23, i + 30) == ARGV[2] and 's' or 't'
    record = record:sub(1, i - 1) .. why .. bytes(now + remember) .. record:sub(i + 7, i + 36)
      .. string.char(#ARGV[3]) .. ARGV[3] .. record:sub(after)
    redis.call('SET', KEYS[1], record, 'PXAT', string.format('%.0f', now + lease + remember))
    redis.call('PUBLISH', KEYS[1], '')
    return {'done', now, record}
  end
  i = after
end
return {'unknown', now, record}
