-- Asks Streamgate whether a request may be answered, and answers in its words if not.
-- The variable txn.film has the seconds of film that the answer is; unset is none.
local STREAMGATE = 'http://session-svc:8080/authorize'
local ASKED_WITH = {'authorization', 'cookie', 'range'} -- what the client sent and is passed on
local TOLD = {'content-type', 'retry-after', 'www-authenticate', 'x-stream-code', 'x-stream-reason'}
local PATIENCE = 1000 -- ms

core.register_action('authorize', {'http-req'}, function(txn)
  local sent = txn.http:req_get_headers()
  local headers = {['x-original-uri'] = {txn.f:pathq()}}
  for _, name in ipairs(ASKED_WITH) do
    if sent[name] then headers[name] = {sent[name][0]} end
  end
  local film = txn:get_var('txn.film') or 0
  local answer = core.httpclient():get{
    url = STREAMGATE .. '?film=' .. film, headers = headers, timeout = PATIENCE,
  }
  if answer.status == 200 then return end

  -- 0 is no answer.
  local reply = txn:reply{status = answer.status > 0 and answer.status or 503}
  for _, name in ipairs(TOLD) do
    local values = answer.headers and answer.headers[name]
    if values then reply:add_header(name, values[0]) end
  end
  if answer.body then reply:set_body(answer.body) end
  txn:done(reply)
end)
