-- One round trip of `leadgen.integrations.limits`: what a worker may do next.
--
-- KEYS: 1 state (hash), 2 leases (zset: worker, until when), 3 held (hash: worker, calls in flight
-- it may have), 4 wants (hash: worker, calls it has or would like to have).
-- Times are microseconds by this server's clock; answers are relative to it, so that no two
-- clocks are ever compared.
local state, leases, held, wants = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local worker, act = ARGV[1], ARGV[2]
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local function number(name, otherwise)
  return tonumber(redis.call('HGET', state, name) or otherwise)
end
local function keep(name, value)
  redis.call('HSET', state, name, string.format('%.17g', value))
end
local REMEMBERED = 600 -- seconds: what was learned of an account, once nobody asks any more

-- A clock that was set back: what was kept lies as much too far ahead.
local back = number('seen', now) - now
if back > 0 then
  for _, name in ipairs({'next', 'token_next', 'pause_until'}) do
    keep(name, number(name, 0) - back)
  end
  for _, holder in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    redis.call('ZINCRBY', leases, -back, holder)
  end
end
keep('seen', now)

local most, start = tonumber(ARGV[3]), tonumber(ARGV[4])
local cap = math.min(number('cap', start), most)
local pause_until = number('pause_until', 0)

if act == 'pause' then
  -- ARGV: 5 seconds the service asked for, or -1; 6 first, 7 longest pause of ours; 8 jitter.
  local asked = tonumber(ARGV[5])
  local burst = now < pause_until -- refusals of one burst halve once
  local times = number('pauses', 0) + (burst and 0 or 1)
  local ours = math.min(tonumber(ARGV[6]) * 2 ^ (math.max(times, 1) - 1), tonumber(ARGV[7]))
  local seconds = asked >= 0 and asked + 1 or ours * (1 + tonumber(ARGV[8]))
  pause_until = math.max(pause_until, now + seconds * 1000000)
  if not burst then
    keep('cap', math.max(1, cap / 2))
    keep('learned', 1)
    keep('pauses', times)
  end
  keep('pause_until', pause_until)
  redis.call('EXPIRE', state, REMEMBERED + math.ceil(seconds))
  return {pause_until - now}
end

-- act == 'ask'. ARGV: 5 calls running, 6 calls waiting, 7 wanted starts, 8 microseconds between
-- two starts (0: no limit), 9 microseconds of the token limit that a start uses up, 10 the same
-- that earlier calls used beyond what was reckoned, 11 answers since the last time, 12 lease in
-- microseconds, 13 how far ahead starts are given out.
local running, waiting, wanted = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local apart, token_cost = tonumber(ARGV[8]), tonumber(ARGV[9])
local answers = tonumber(ARGV[11])

-- Who is gone holds nothing any more.
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
  redis.call('ZREM', leases, gone)
  redis.call('HDEL', held, gone)
  redis.call('HDEL', wants, gone)
end

-- More calls in flight as long as nobody refuses: one more per answer until the first refusal,
-- from then on a few more per round.
if answers > 0 and now >= pause_until then
  local step = number('learned', 0) == 1 and 4 / cap or 1
  cap = math.min(most, cap + answers * step)
  keep('cap', cap)
  keep('pauses', 0)
end

-- Its share of the calls in flight: an even one, and what the others do not want.
local want = running + waiting
local share = 0
local workers = 1
if want > 0 then
  for _, other in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    if other ~= worker then workers = workers + 1 end
  end
  local even = math.max(1, math.floor(cap / workers))
  local claimed, taken = 0, 0
  for _, other in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    if other ~= worker then
      claimed = claimed + math.min(tonumber(redis.call('HGET', wants, other) or 0), even)
      taken = taken + tonumber(redis.call('HGET', held, other) or 0)
    end
  end
  share = math.min(want, math.max(even, math.floor(cap) - claimed), math.floor(cap) - taken)
  share = math.max(share, 0)
  redis.call('ZADD', leases, now + ARGV[12], worker)
  redis.call('HSET', held, worker, math.max(share, running))
  redis.call('HSET', wants, worker, want)
else
  redis.call('ZREM', leases, worker)
  redis.call('HDEL', held, worker)
  redis.call('HDEL', wants, worker)
end

-- Starts are evenly spaced, never made up for: a second that was missed is gone.
local first, count = 0, 0
local token_next = math.max(number('token_next', 0), now) + tonumber(ARGV[10])
wanted = math.max(0, math.min(wanted, share - running))
local spacing = math.max(apart, token_cost)
if now < pause_until then
  wanted = 0
end
if wanted > 0 and spacing > 0 then
  first = math.max(number('next', 0), token_cost > 0 and token_next or 0, now)
  local room = math.floor((now + ARGV[13] - first) / spacing) + 1
  count = math.max(0, math.min(wanted, room))
  if count > 0 then
    keep('next', first + count * spacing)
    token_next = math.max(token_next, first) + count * token_cost
  end
elseif wanted > 0 then
  first, count = now, wanted
end
if token_cost > 0 then keep('token_next', token_next) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, REMEMBERED) end
return {share, count, math.max(0, first - now), spacing, math.max(0, pause_until - now), workers,
  math.floor(cap)}
