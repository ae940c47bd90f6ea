"""What Redis does in one step."""

# Records come as kind, user, at, id, packed event and record, six values each. A record that is new is put to its
# user's list, which is ordered by time and capped, and to the stream that waits for the log; the version of a user's
# events is the number of the one that came last. All or nothing: Redis refuses a script that may write before it runs
# where there is no room.
ADD = """
local prefix, cap, seconds, remembered = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local new = {}
for first = 5, #ARGV, 6 do
  local kind, user, at, id = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local packed, record = ARGV[first + 4], ARGV[first + 5]
  if redis.call('SET', prefix .. 'id:' .. kind .. ':' .. id, user, 'NX', 'EX', remembered) then
    new[#new + 1] = 1
    if user ~= '' then
      local list = prefix .. 'user:' .. kind .. ':' .. user
      -- Members of one score are ordered by their bytes: the number of coming goes first.
      local coming = string.format('%016x', redis.call('INCR', prefix .. 'coming'))
      redis.call('ZADD', list, at, coming .. packed)
      redis.call('ZREMRANGEBYRANK', list, 0, -cap - 1)
      redis.call('EXPIRE', list, seconds)
      if kind == 'events' then redis.call('SET', prefix .. 'version:' .. user, coming, 'EX', seconds) end
    end
    if kind ~= 'outcomes' then redis.call('XADD', prefix .. 'log:' .. kind, '*', 'record', record) end
  else
    new[#new + 1] = 0
  end
end
return new
"""

# The version of a user's events, and the latest of them as one JSON text, a list of [[product, type], time]: a client
# in Python reads one text many times faster than a thousand values.
HISTORY = """
local rows = redis.call('ZRANGE', KEYS[1], -tonumber(ARGV[1]), -1, 'WITHSCORES')
local events = {}
for place = 1, #rows, 2 do
  local member = rows[place]
  local packed = string.sub(member, 17, string.find(member, '\\n', 1, true) - 1)
  events[#events + 1] = '[' .. packed .. ',' .. rows[place + 1] .. ']'
end
return {redis.call('GET', KEYS[2]), '[' .. table.concat(events, ',') .. ']'}
"""

# Removes what is older than a moment from a user's list; what was read of it before is then out of date.
DROP_OLD = """
local removed = redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if removed > 0 then redis.call('DEL', KEYS[2]) end
return removed
"""
