-- name: lock_checkpoint
-- The checkpoint, held until the transaction ends: one writer per shard.
SELECT position, stored_floor, version, generation FROM projection_checkpoint
WHERE projection = :projection AND shard = :shard FOR UPDATE;

-- name: begin_checkpoint!
-- A projection that has read nothing yet.
INSERT INTO projection_checkpoint (projection, shard, version, position, stored_floor)
VALUES (:projection, :shard, :version, 0, '1970-01-01Z') ON CONFLICT DO NOTHING;

-- name: move_checkpoint
-- Compare and set: nothing is answered when somebody else has moved it.
UPDATE projection_checkpoint SET position = :position, stored_floor = :stored_floor, updated = now()
WHERE projection = :projection AND shard = :shard AND position = :expected AND stored_floor = :expected_floor
RETURNING position;

-- name: void_facts
-- Take facts away: the earliest voiding position stays. Answers what was live until now.
UPDATE fact f SET voided_position = u.voided_by
FROM unnest(:positions::bigint[], :voided_by::bigint[]) AS u (position, voided_by)
WHERE f.tenant = :tenant AND f.position = u.position AND f.voided_position IS NULL
RETURNING f.course, f.activity, f.person, f.registration, f.claim;

-- name: unplaced_facts
-- Facts whose course depends on their registration; also voided ones, which have the same place then whatever came first.
-- Looked up registration by registration, as the next ones.
SELECT f.position, f.course, f.activity, f.person, f.registration, f.claim, f.at, f.id, f.voided_position
FROM unnest(:persons::uuid[], :registrations::uuid[]) AS k (person, registration)
CROSS JOIN LATERAL (
    SELECT * FROM fact
    WHERE tenant = :tenant AND person = k.person AND registration = k.registration AND registration IS NOT NULL
        AND placement IN ('registration', 'unassigned') AND activity IS NOT NULL AND claim IS NOT NULL
    OFFSET 0
) f;

-- name: registration_courses
-- The course of each registration: that of its first live fact that tells its course itself.
SELECT DISTINCT ON (f.person, f.registration) f.person, f.registration, f.course
FROM unnest(:persons::uuid[], :registrations::uuid[]) AS k (person, registration)
CROSS JOIN LATERAL (
    SELECT * FROM fact WHERE tenant = :tenant AND person = k.person AND registration = k.registration OFFSET 0
) f
WHERE f.placement NOT IN ('registration', 'unassigned') AND f.voided_position IS NULL
ORDER BY f.person, f.registration, f.at, f.id;

-- name: move_facts!
-- Give facts another course.
UPDATE fact f SET course = u.course, placement = u.placement
FROM unnest(:positions::bigint[], :courses::uuid[], :placements::text[]) AS u (position, course, placement)
WHERE f.tenant = :tenant AND f.position = u.position;

-- name: say_claims
-- A saying was made again: keep the last statement that makes it. Answers which moved, and whether they are new in their course.
INSERT INTO outline_claim AS c (tenant, course, claim, last_at, last_id)
SELECT :tenant, * FROM unnest(:courses::uuid[], :claims::uuid[], :last_at::timestamptz[], :last_id::uuid[])
    AS u (course, claim, last_at, last_id) ORDER BY course, claim
ON CONFLICT (tenant, course, claim) DO UPDATE SET last_at = excluded.last_at, last_id = excluded.last_id
    WHERE (excluded.last_at, excluded.last_id) > (c.last_at, c.last_id)
RETURNING c.course, c.claim, c.xmax = 0;

-- name: sayings_heard
-- When these sayings were last made; one that is new in its course is not answered. k.n: which of them.
SELECT k.n, c.last_at, c.last_id
FROM unnest(:courses::uuid[], :claims::uuid[]) WITH ORDINALITY AS k (course, claim, n)
JOIN outline_claim c ON c.tenant = :tenant AND c.course = k.course AND c.claim = k.claim;

-- name: last_sayings
-- Who says it last, for sayings that lost a statement; a saying that nobody makes any more is not answered.
SELECT k.course, k.claim, f.at, f.id
FROM unnest(:courses::uuid[], :claims::uuid[], :nodes::uuid[]) AS k (course, claim, node)
CROSS JOIN LATERAL (
    SELECT at, id FROM fact
    WHERE tenant = :tenant AND course = k.course AND activity = k.node AND claim = k.claim AND voided_position IS NULL
    ORDER BY at DESC, id DESC LIMIT 1
) f;

-- name: texts_of_claims
-- What these claims say.
SELECT claim, claims FROM claim WHERE tenant = :tenant AND claim = ANY(:claims::uuid[]);

-- name: outline_sayings
-- All that is said of the outlines of some courses.
SELECT c.course, t.claims, c.last_at, c.last_id
FROM outline_claim c JOIN claim t ON t.tenant = c.tenant AND t.claim = c.claim
WHERE c.tenant = :tenant AND c.course = ANY(:courses::uuid[]);

-- name: outline_nodes
-- The outlines of some courses.
SELECT course, node, iri, type, title, kind, parent, rule, required, graded, position, source FROM outline_node
WHERE tenant = :tenant AND course = ANY(:courses::uuid[]);

-- name: iris
-- The IRIs behind names.
SELECT id, iri FROM iri WHERE tenant = :tenant AND id = ANY(:ids::uuid[]);

-- name: rows_on_nodes
-- The keys of these nodes that have a row.
SELECT n.course, n.person, n.node
FROM unnest(:courses::uuid[], :nodes::uuid[]) AS k (course, node)
JOIN node_progress n ON n.tenant = :tenant AND n.course = k.course AND n.node = k.node;

-- name: configuring_events
-- What was set of a tenant up to a position.
SELECT position, tenant, recorded, kind, payload FROM control_event
WHERE tenant = :tenant AND position <= :until AND kind <> 'clock.tick' AND kind = ANY (:kinds::text[])
ORDER BY position;

-- name: learners_of_courses
-- Every learner of these courses.
SELECT course, person FROM enrollment WHERE tenant = :tenant AND course = ANY (:courses::uuid[]);

-- name: completions_of_keys
-- When these keys were completed, and by which statement; k.n: which of the keys.
SELECT k.n, n.completed_at, n.satisfied_by
FROM unnest(:courses::uuid[], :persons::uuid[], :nodes::uuid[]) WITH ORDINALITY AS k (course, person, node, n)
JOIN node_progress n ON n.tenant = :tenant AND n.course = k.course AND n.person = k.person AND n.node = k.node
WHERE n.completed_at IS NOT NULL;

-- name: keys_that_expire
-- Completions whose validity has ended by now.
SELECT course, person, node FROM node_progress
WHERE tenant = :tenant AND state = 'completed' AND expires_at <= :now;

-- name: grades_of_learners
-- The score of each node that a learner has a grade for.
SELECT k.course, k.person, g.node, g.score
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
JOIN gradebook g ON g.tenant = :tenant AND g.course = k.course AND g.person = k.person;

-- name: rows_of_keys
-- What these keys have given their learners' sums so far; k.n: which of the keys.
SELECT k.n, n.state, n.fraction, g.score, g.counts, n.completed_at, n.statements
FROM unnest(:courses::uuid[], :persons::uuid[], :nodes::uuid[]) WITH ORDINALITY AS k (course, person, node, n)
JOIN node_progress n ON n.tenant = :tenant AND n.course = k.course AND n.person = k.person AND n.node = k.node
LEFT JOIN gradebook g ON g.tenant = :tenant AND g.course = k.course AND g.person = k.person AND g.node = k.node;

-- name: facts_of_keys
-- Every live fact of these keys: which of the keys, and the columns of a Deed. Looked up key by key, whatever the
-- planner believes of a table that has no statistics yet.
SELECT k.n, f.*
FROM unnest(:courses::uuid[], :persons::uuid[], :nodes::uuid[]) WITH ORDINALITY AS k (course, person, node, n)
CROSS JOIN LATERAL (
    SELECT id, at, verb, event, attempt, raw, min, max, scaled, score, score_suspect, success, completion, duration,
        progress, media
    FROM fact
    WHERE tenant = :tenant AND course = k.course AND activity = k.node AND person = k.person
        AND voided_position IS NULL
    OFFSET 0
) f;

-- name: attempts_of_keys
-- The attempts that are recorded for these keys.
SELECT a.course, a.person, a.node, a.attempt, a.submitted_at, a.score
FROM unnest(:courses::uuid[], :persons::uuid[], :nodes::uuid[]) AS k (course, person, node)
JOIN attempt a ON a.tenant = :tenant AND a.course = k.course AND a.person = k.person AND a.node = k.node;

-- name: standings
-- What the rows of a learner on the nodes of a course add up to.
SELECT k.course, k.person, p.*, g.*
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
CROSS JOIN LATERAL (
    SELECT coalesce(min(n.first_at) FILTER (WHERE n.statements > 0), min(n.first_at)), min(n.enrolled_at), min(n.first_activity_at), max(n.last_activity_at),
        (array_agg(n.last_activity_id ORDER BY n.last_activity_at DESC, n.last_activity_id DESC)
            FILTER (WHERE n.last_activity_at IS NOT NULL))[1],
        min(n.standing) FILTER (WHERE n.node = k.course),
        min(n.completed_at) FILTER (WHERE n.node = k.course AND n.state = 'completed'),
        (array_agg(n.satisfied_by) FILTER (WHERE n.node = k.course AND n.state = 'completed'))[1],
        bool_or(n.verdict) FILTER (WHERE n.node = k.course),
        count(*) FILTER (WHERE o.required AND n.state = 'completed')::integer,
        coalesce(sum(n.fraction::numeric) FILTER (WHERE o.required), 0)
    FROM node_progress n JOIN outline_node o ON (o.tenant, o.course, o.node) = (n.tenant, n.course, n.node)
    WHERE n.tenant = :tenant AND n.course = k.course AND n.person = k.person
    HAVING count(*) > 0
) p
CROSS JOIN LATERAL (
    SELECT min(score) FILTER (WHERE node = k.course),
        coalesce(sum(score::numeric) FILTER (WHERE counts), 0),
        count(score) FILTER (WHERE counts)::integer
    FROM gradebook WHERE tenant = :tenant AND course = k.course AND person = k.person
) g;

-- name: clock
-- The latest clock event.
SELECT now FROM clock WHERE tenant = :tenant;

-- name: set_clock!
-- The clock never goes back.
INSERT INTO clock AS c (tenant, now) VALUES (:tenant, :now)
ON CONFLICT (tenant) DO UPDATE SET now = greatest(c.now, excluded.now);

-- name: required_nodes
-- How many nodes of each course count towards progress.
SELECT course, required_nodes::integer FROM course_outline_size WHERE tenant = :tenant AND course = ANY(:courses::uuid[]);

-- name: enrollments_done
-- Learners who have completed at least so many nodes of a course.
SELECT e.course, e.person FROM unnest(:courses::uuid[], :at_least::integer[]) AS k (course, at_least)
JOIN enrollment e ON e.tenant = :tenant AND e.course = k.course AND e.completed_nodes >= k.at_least
WHERE e.status = 'active';

-- name: enrollments_that_age
-- Enrolments whose risk may change when the clock moves from :before to :now.
SELECT course, person FROM enrollment
WHERE tenant = :tenant AND status = 'active'
  AND (last_activity_at > :before::timestamptz - interval '14 days' AND last_activity_at <= :now::timestamptz - interval '7 days'
    OR enrolled_at > :before::timestamptz - interval '3 days' AND enrolled_at <= :now::timestamptz - interval '3 days');

-- name: enrollments_of_keys
-- The rows of these enrolments.
SELECT e.course, e.person, e.status, e.enrolled_at, e.started_at, e.last_activity_at, e.last_activity_id, e.completed_at,
    e.satisfied_by, e.completed_nodes, e.progress_sum, e.own_score, e.score_sum, e.scores, e.verdict, e.by_policy,
    e.policy_so_far, e.policy_if_nothing_more, e.policy_passed
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
JOIN enrollment e ON e.tenant = :tenant AND e.course = k.course AND e.person = k.person;

-- name: names_of_persons
-- The last name each person was seen with; only those with a live fact at all.
SELECT p.person, p.ifi, n.actor_name, n.at, n.id
FROM unnest(:persons::uuid[]) AS k (person) JOIN person p ON p.tenant = :tenant AND p.person = k.person
LEFT JOIN LATERAL (
    SELECT actor_name, at, id FROM fact
    WHERE tenant = :tenant AND person = k.person AND actor_name IS NOT NULL AND voided_position IS NULL
    ORDER BY at DESC, id DESC LIMIT 1
) n ON true
WHERE EXISTS (SELECT FROM fact WHERE tenant = :tenant AND person = k.person AND voided_position IS NULL);

-- name: rows_of_days
-- What is known of these days of learners; k.n: which of them.
SELECT k.n, d.facts, d.events, d.sessions, d.duration, d.visits, d.completions, d.scores, d.score_sum
FROM unnest(:courses::uuid[], :persons::uuid[], :days::date[]) WITH ORDINALITY AS k (course, person, day, n)
JOIN activity_daily d ON d.tenant = :tenant AND d.course = k.course AND d.person = k.person AND d.day = k.day;

-- name: days_of_learners
-- All days of these learners.
SELECT d.course, d.person, d.day, d.facts, d.events, d.sessions, d.duration, d.visits, d.completions, d.scores,
    d.score_sum
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
JOIN activity_daily d ON d.tenant = :tenant AND d.course = k.course AND d.person = k.person;

-- name: deeds_of_learners
-- When these learners did anything in the courses; looked up by person, whatever the planner believes: of a table without
-- statistics it thinks that an index of what is not voided has few rows of a tenant.
SELECT k.course, k.person, f.at, f.event, f.duration
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
CROSS JOIN LATERAL (
    SELECT course, at, event, duration, voided_position FROM fact
    WHERE tenant = :tenant AND person = k.person OFFSET 0
) f
WHERE f.course = k.course AND f.voided_position IS NULL;

-- name: completions_of_learners
-- When these learners completed what.
SELECT n.course, n.person, n.node, n.completed_at
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
JOIN node_progress n ON n.tenant = :tenant AND n.course = k.course AND n.person = k.person
WHERE n.completed_at IS NOT NULL;

-- name: scores_of_learners
-- The scores of these learners' attempts.
SELECT a.course, a.person, a.submitted_at, a.score
FROM unnest(:courses::uuid[], :persons::uuid[]) AS k (course, person)
JOIN attempt a ON a.tenant = :tenant AND a.course = k.course AND a.person = k.person
WHERE a.score IS NOT NULL;
