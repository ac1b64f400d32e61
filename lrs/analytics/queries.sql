-- name: begin_snapshot!
-- All that an answer tells is from one moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- name: resolve_range
-- The position of the facts, and a range's two ends as instants: given as such, or as a calendar day in a zone.
SELECT coalesce((SELECT position FROM projection_checkpoint WHERE projection = 'live' AND shard = 0), 0),
    coalesce(:begin_instant::timestamptz, analytics.midnight(:begin_day::date, :zone::text)),
    coalesce(:end_instant::timestamptz, analytics.midnight(:end_day::date, :zone::text));
