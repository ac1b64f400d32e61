-- name: ask!
-- Ask for a world, unless as many as that are asked for already; of one that is there, say that it is in use.
INSERT INTO course_world AS w (tenant, name, course, position, said, state)
SELECT :tenant, :name, :course, :position, :said::json, 'asked'
WHERE EXISTS (SELECT FROM course_world WHERE tenant = :tenant AND name = :name)
    OR (SELECT count(*) FROM course_world WHERE state IN ('asked', 'building')) < :most
ON CONFLICT (tenant, name) DO UPDATE SET used = now() WHERE w.used < now() - interval '30 seconds';

-- name: look
-- How a world is.
SELECT state, done, of, reason FROM course_world WHERE tenant = :tenant AND name = :name;

-- name: forget!
-- Whoever asks for a world that failed begins anew.
DELETE FROM course_world WHERE tenant = :tenant AND name = :name AND state = 'failed';

-- name: next_world
-- The world that has waited longest, and is still waited for; one that somebody began to build and did not finish goes first.
SELECT tenant, name, course, position, said FROM course_world
WHERE state = 'building' OR state = 'asked' AND used > now() - interval '5 minutes'
ORDER BY state = 'building' DESC, asked LIMIT 1;

-- name: mark!
-- How far the building of a world is.
UPDATE course_world SET state = :state, done = :done, of = :of, reason = :reason, used = now()
WHERE tenant = :tenant AND name = :name;

-- name: out_of_use
-- Worlds to be dropped: all but those that were used last, and whatever nobody uses any more.
SELECT tenant, name FROM (
    SELECT tenant, name, state, used, row_number() OVER (PARTITION BY state = 'ready' ORDER BY used DESC) AS place FROM course_world
) w
WHERE state = 'ready' AND (place > :most OR used < now() - interval '1 hour')
    OR state IN ('asked', 'failed') AND used < now() - interval '5 minutes';

-- name: drop!
-- A world goes; its schema goes in the same transaction.
DELETE FROM course_world WHERE tenant = :tenant AND name = :name;

-- name: try_to_build
-- Whether it is our turn to build: one world at a time in a database.
SELECT pg_try_advisory_xact_lock(:turn);

-- name: begin
-- Where the read models stand, and up to where statements were dropped.
SELECT coalesce((SELECT position FROM projection_checkpoint WHERE projection = 'live' AND shard = 0), 0), log_begin();

-- name: last_tick
-- The latest clock event up to a position.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE tenant = :tenant AND kind = 'clock.tick' AND position <= :until
ORDER BY (payload ->> 'now')::timestamptz DESC, position LIMIT 1;

-- name: set_by_then
-- What is set up to a position, in order; of outlines the last one of each course, which is what counts.
WITH last AS MATERIALIZED (
    SELECT max(position) AS position FROM control_event
    WHERE tenant = :tenant AND kind = 'outline.set' AND position <= :until GROUP BY payload ->> 'course'
)
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE tenant = :tenant AND position <= :until AND kind = ANY (:kinds::text[]) AND kind <> 'clock.tick'
    AND (kind <> 'outline.set' OR position IN (SELECT position FROM last))
ORDER BY position;

-- name: moved_since
-- Something that was set after a position and may have moved statements; null where nothing was.
SELECT min(kind) FROM control_event
WHERE tenant = :tenant AND position > :until AND kind IN ('mapping.set', 'outline.set', 'person.merged', 'person.unmerged');

-- name: stored_by
-- The last position that was given to anything by an instant. Positions and instants go together but for those who write
-- at the same moment.
SELECT greatest(
    (SELECT max(position) FROM (SELECT position FROM statement WHERE stored <= :instant ORDER BY stored DESC LIMIT 1000) s),
    (SELECT max(position) FROM (SELECT position FROM control_event WHERE recorded <= :instant ORDER BY position DESC LIMIT 1) c),
    0);

-- name: is_known
-- Whether a course was ever told of: by a statement, or by what is set.
SELECT EXISTS (SELECT FROM iri WHERE tenant = :tenant AND id = :course);
