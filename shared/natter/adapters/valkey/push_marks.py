"""
`PushMarks` in Valkey: `woken:{…}`, one hash for each conversation and device that was woken there of late.

`window` is when the latest window began; `count:BEGAN` how many messages a window has, `due:BEGAN` when those beyond
the first three are told of, `told:BEGAN` who has claimed their push; a place, `told NAME`, `untold` or when its window
began; `up_to` the place up to which all counts as told. What a message becomes is decided as in
`natter.domain.push.bursts`.
"""

from collections.abc import Sequence

from natter.adapters.valkey.client import Valkey
from natter.domain.push.bursts import MOST_REMEMBERED, SINGLE, WINDOW_MS, Claim, Claimed
from natter.domain.push.waking import MAX_AGE_MS, WAIT_MS
from natter.ports.push import PushMarks

TTL_MS = 2 * MAX_AGE_MS
"""What is asked again later is too old to be pushed."""

# KEYS[1] hash; ARGV: place, when it happened, now, milliseconds to keep all, who claims. Returns turn and number.
_CLAIM = f"""
local key, seq, at, now, by = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[5]

local function forget_the_older_half()
  local fields, places, windows = redis.call('HGETALL', key), {{}}, {{}}
  for i = 1, #fields, 2 do
    local place = tonumber(fields[i])
    if place then table.insert(places, place) end
  end
  table.sort(places)
  local floor = math.min(places[math.floor(#places / 2) + 1], tonumber(seq) - 1)
  for i = 1, #fields, 2 do
    local place = tonumber(fields[i])
    if place and place > floor then windows[fields[i + 1]] = true end
  end
  for i = 1, #fields, 2 do
    local place, window = tonumber(fields[i]), string.match(fields[i], ':(%d+)$')
    if (place and place <= floor) or (window and not windows[window]) then redis.call('HDEL', key, fields[i]) end
  end
  if floor > tonumber(redis.call('HGET', key, 'up_to') or '0') then
    redis.call('HSET', key, 'up_to', string.format('%.0f', floor))
  end
end

if tonumber(seq) <= tonumber(redis.call('HGET', key, 'up_to') or '0') then return {{'again', 0}} end
local known = redis.call('HGET', key, seq)
if not known then
  local window = redis.call('HGET', key, 'window')
  local is_told = window and redis.call('HEXISTS', key, 'told:' .. window) == 1
  if not window or tonumber(at) >= tonumber(window) + {WINDOW_MS} or is_told then
    local begins = window and string.format('%.0f', math.max(tonumber(at), tonumber(window) + 1)) or at
    if redis.call('HLEN', key) >= {MOST_REMEMBERED} then forget_the_older_half() end
    local due = math.max(tonumber(begins) + {WAIT_MS}, now) + {WINDOW_MS}
    redis.call('HSET', key, 'window', begins, 'count:' .. begins, 1, 'due:' .. begins, string.format('%.0f', due))
    known = 'untold'
  else
    known = redis.call('HINCRBY', key, 'count:' .. window, 1) <= {SINGLE} and 'untold' or window
  end
  redis.call('HSET', key, seq, known)
  redis.call('PEXPIRE', key, ARGV[4])
end
if known == 'untold' or known == 'told ' .. by then
  redis.call('HSET', key, seq, 'told ' .. by)
  return {{'single', 0}}
end
if string.sub(known, 1, 4) == 'told' then return {{'again', 0}} end
local due = tonumber(redis.call('HGET', key, 'due:' .. known))
if now < due then return {{'later', due}} end
redis.call('HSETNX', key, 'told:' .. known, by)
if redis.call('HGET', key, 'told:' .. known) ~= by then return {{'again', 0}} end
return {{'summary', tonumber(redis.call('HGET', key, 'count:' .. known))}}
"""

# KEYS[1] hash; ARGV: place, who has claimed.
_RELEASE = """
local key, by = KEYS[1], ARGV[2]
local known = redis.call('HGET', key, ARGV[1])
if known == 'told ' .. by then
  redis.call('HSET', key, ARGV[1], 'untold')
elseif known and redis.call('HGET', key, 'told:' .. known) == by then
  redis.call('HDEL', key, 'told:' .. known)
end
"""


class ValkeyPushMarks:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey

    def claim(self, claims: Sequence[Claim], *, now: int) -> Sequence[Claimed]:
        if not claims:
            return ()
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in claims:
                pipeline.eval(_CLAIM, 1, _key(each), each.seq, each.at, now, TTL_MS, each.by)
            return [_claimed(turn, number) for turn, number in pipeline.execute()]

    def release(self, claims: Sequence[Claim]) -> None:
        if not claims:
            return
        with self._valkey.client() as client:
            pipeline = client.pipeline(transaction=False)
            for each in claims:
                pipeline.eval(_RELEASE, 1, _key(each), each.seq, each.by)
            pipeline.execute()


def _key(claim: Claim) -> str:
    return f"woken:{claim.conversation_id}:{claim.user_id}:{claim.device_id}"


def _claimed(turn: str, number: int) -> Claimed:
    match turn:
        case "single":
            return Claimed(turn="single")
        case "summary":
            return Claimed(turn="summary", count=number)
        case "later":
            return Claimed(turn="later", due_at=number)
        case _:
            return Claimed(turn="again")


_: type[PushMarks] = ValkeyPushMarks
