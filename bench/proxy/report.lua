-- Figures of a run of wrk as one JSON line; latencies are in microseconds. With a number as argument: asks so many routes in turn.
local count = 0
local index = 0

function init(args)
  count = tonumber(args[1] or "0") or 0
  if count > 0 then
    request = function()
      index = (index + 7919) % count
      return wrk.format("GET", "/user/u" .. index .. "/small")
    end
  end
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"bytes":%d,"p50Us":%d,"p99Us":%d,"p999Us":%d,"errors":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
    e.connect + e.read + e.write + e.status + e.timeout))
end
