-- For analysts: the facts in plain words, and the calendar that GET /api/analytics/activity counts by. docs/analytics.md.
CREATE SCHEMA analytics;

-- For a midnight in the 4 hours after which the clock was set back: the same midnight before that, where there was one.
CREATE FUNCTION analytics.earlier_midnight(midnight timestamp, later timestamptz, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN earlier AT TIME ZONE zone = midnight THEN earlier ELSE later END
    FROM (SELECT later + (midnight - interval '4 hours' - ((later - interval '4 hours') AT TIME ZONE zone)) AS earlier) e;
END;

-- The first instant of a calendar day in a zone. Where the clock is set back over midnight (the Azores, Havana), PostgreSQL
-- takes the later of the two midnights; the day begins at the earlier. No clock was ever set back by more than 4 hours at
-- once, but over the date line. Where midnight is skipped, the day begins when the clock jumps.
CREATE FUNCTION analytics.midnight(day date, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN ((day::timestamp AT TIME ZONE zone) - interval '4 hours') AT TIME ZONE zone <= day::timestamp - interval '4 hours'
    THEN day::timestamp AT TIME ZONE zone
    ELSE analytics.earlier_midnight(day::timestamp, day::timestamp AT TIME ZONE zone, zone) END;

-- The first instant of the calendar hour, day, week (from Monday) or month that an instant lies in. An hour that the clock
-- strikes twice is two buckets.
CREATE FUNCTION analytics.bucket(unit text, at timestamptz, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN unit = 'hour' THEN date_trunc('hour', at, zone)
    ELSE analytics.midnight(date_trunc(unit, at AT TIME ZONE zone)::date, zone) END;

-- One row a live statement. Every join is a LEFT JOIN on a whole key, so that what a query does not name costs it nothing.
CREATE VIEW analytics.activity AS
SELECT f.tenant, f.position, f.id AS statement_id, f.at AS "time",
    f.person AS learner_id, p.ifi AS learner, p.name AS learner_name,
    f.course AS course_id, c.iri AS course, o.title AS course_title,
    f.activity AS activity_id, a.iri AS activity, f.verb AS verb_id, v.iri AS verb, f.event, f.registration,
    f.score::numeric AS score, f.success, f.completion, f.duration * 0.001 AS duration_seconds
FROM fact f
LEFT JOIN iri v ON v.tenant = f.tenant AND v.id = f.verb
LEFT JOIN person p ON p.tenant = f.tenant AND p.person = f.person
LEFT JOIN iri c ON c.tenant = f.tenant AND c.id = f.course
LEFT JOIN outline_node o ON o.tenant = f.tenant AND o.course = f.course AND o.node = f.course
LEFT JOIN iri a ON a.tenant = f.tenant AND a.id = f.activity
WHERE f.voided_position IS NULL;

-- The position of the log that the facts have reached: cite it with any number taken from here.
CREATE VIEW analytics.position AS
SELECT position, updated FROM projection_checkpoint WHERE projection = 'live' AND shard = 0;
