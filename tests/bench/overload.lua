-- Posts what post.lua posts, without giving up where the server refuses, and keeps account (tests/bench/overload.py).
-- Arguments: the first four of post.lua; post.lua; file for the answers of what was acknowledged.

local acknowledged

taken, refused, wrong = 0, 0, 0

function setup(thread)
    counted = thread
    thread:set("number", 1)
end

function init(args)
    dofile(args[5])
    init({ args[1], args[2], args[3], args[4], "-", 1, 0 })
    acknowledged = io.open(args[6], "w")
end

function response(status, headers, body)
    if status == 200 then
        taken = taken + 1
        acknowledged:write(body, "\n")
    elseif status == 503 and tonumber(headers["retry-after"]) then
        refused = refused + 1
    else
        wrong = wrong + 1
    end
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '\n{"seconds":%f,"taken":%d,"refused":%d,"wrong":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
        summary.duration / 1e6, counted:get("taken"), counted:get("refused"), counted:get("wrong"),
        e.connect, e.read, e.write, e.timeout))
end
