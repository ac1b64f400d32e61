-- Posts statements that were never posted before: bodies from a file, each time under new ids (random, version 4).
-- Arguments: file with what follows the id, one statement a line; statements a request; seed; authorization header;
-- and where some of the requests shall be GETs: a file of their paths, one a line, and the share of POSTs (0 … 1).
-- Instead of the file "-" where there are none. Last, after how many times through the file other learners come, under
-- other registrations (tests/bench/statements.py has how they are written); 0 where they stay.

local tails, paths, batch, authorization, place, posts = {}, {}, 1, "", 0, 1
local cuts, rounds, round = {}, 0, 0

function setup(thread)
    threads = (threads or 0) + 1
    thread:set("number", threads)
end

function init(args)
    batch, authorization = tonumber(args[2]), args[4]
    for line in io.lines(args[1]) do
        tails[#tails + 1] = line
    end
    rounds = tonumber(args[7])
    if rounds > 0 then
        for i, tail in ipairs(tails) do
            local _, learner = tail:find('"name":"learner%-%d+')
            local _, registration = tail:find('"registration":"', learner, true)
            cuts[i] = {tail:sub(1, learner), tail:sub(learner + 1, registration), tail:sub(registration + 9)}
        end
    end
    if args[5] ~= "-" then
        for line in io.lines(args[5]) do
            paths[#paths + 1] = line
        end
        posts = tonumber(args[6])
    end
    math.randomseed(tonumber(args[3]) + number)
    if #tails > 0 then
        place = batch * math.random(0, math.max(0, math.floor(#tails / batch) - 1))
    end
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["X-Experience-API-Version"] = "1.0.3"
    wrk.headers["Authorization"] = authorization
end

local function fresh_id()
    return string.format("%04x%04x-%04x-4%03x-%04x-%04x%04x%04x",
        math.random(0, 65535), math.random(0, 65535), math.random(0, 65535), math.random(0, 4095),
        math.random(32768, 49151), math.random(0, 65535), math.random(0, 65535), math.random(0, 65535))
end

local function one()
    place = place % #tails + 1
    if rounds == 0 then
        return '{"id":"' .. fresh_id() .. tails[place]
    end
    round = round + 1 / #tails
    local some, cut = math.floor(round / rounds), cuts[place]
    return '{"id":"' .. fresh_id() .. cut[1] .. "-" .. some .. cut[2] .. string.format("%08x", some) .. cut[3]
end

function request()
    if posts < 1 and math.random() >= posts then
        return wrk.format("GET", paths[math.random(#paths)])
    end
    if batch == 1 then
        return wrk.format(nil, nil, nil, one())
    end
    local some = {}
    for i = 1, batch do
        some[i] = one()
    end
    return wrk.format(nil, nil, nil, "[" .. table.concat(some, ",") .. "]")
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '\n{"requests":%d,"seconds":%f,"p50_ms":%f,"p95_ms":%f,"p99_ms":%f,"refused":%d,"connect":%d,"read":%d,"write":%d,"timeout":%d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3,
        latency:percentile(99) / 1e3, e.status, e.connect, e.read, e.write, e.timeout))
end
