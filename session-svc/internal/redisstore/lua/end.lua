-- End device sessions, and their streams with them. The layout of a lease is in record.go.
-- KEYS    1 leases  2 device sessions, of one account
-- ARGV    1 session id  2 '1' to end all but this one  3 name of who ends them  4 lease, ms  5 remember, ms
-- RETURNS {}
local floor, others = math.floor, ARGV[2] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + floor(time[2] / 1000)
local function bytes(n)
  return string.char(floor(n / 2 ^ 40), floor(n / 2 ^ 32) % 256, floor(n / 2 ^ 24) % 256, floor(n / 2 ^ 16) % 256, floor(n / 256) % 256, n % 256)
end

for _, id in ipairs(others and redis.call('HKEYS', KEYS[2]) or {ARGV[1]}) do
  if not others or id ~= ARGV[1] then redis.call('HDEL', KEYS[2], id) end
end
-- Streams of sessions that have expired end too: whoever is not kept is ended.
local record, out, i = redis.call('GET', KEYS[1]) or '', {}, 1
while i <= #record do
  local after = i + 38 + record:byte(i + 37)
  local text = record:sub(i, after - 1)
  if (text:sub(24, 31) == ARGV[1]) ~= others and text:byte(1) == 108 then -- 108 is l, for lease
    text = 'e' .. bytes(now + tonumber(ARGV[5])) .. text:sub(8, 37) .. string.char(#ARGV[3]) .. ARGV[3]
  end
  out[#out + 1] = text
  i = after
end
if #out > 0 then
  redis.call('SET', KEYS[1], table.concat(out), 'PXAT', string.format('%.0f', now + tonumber(ARGV[4]) + tonumber(ARGV[5])))
end
return {}
