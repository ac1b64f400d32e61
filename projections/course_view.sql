-- name: begin_reading#
-- Every query of one view sees the same state.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;

-- name: position
-- The position that the read models stand at; no row before the processor's first commit.
SELECT position FROM projection_checkpoint WHERE projection = 'live' AND shard = 0;

-- name: clock
-- What time it is for the rules that depend on time.
SELECT now FROM clock WHERE tenant = :tenant;

-- name: courses
-- Every course of a tenant, or the one with this IRI. Withdrawn learners are not counted as enrolled.
SELECT o.course, o.iri, o.title, e.enrolled, e.active, e.completed, r.at_risk
FROM outline_node o
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status <> 'withdrawn') AS enrolled,
        count(*) FILTER (WHERE status = 'active') AS active,
        count(*) FILTER (WHERE status = 'completed') AS completed
    FROM enrollment WHERE tenant = o.tenant AND course = o.course
) e
CROSS JOIN LATERAL (
    SELECT count(DISTINCT person) AS at_risk FROM risk_state WHERE tenant = o.tenant AND course = o.course
) r
WHERE o.tenant = :tenant AND o.node = o.course AND (:iri::text IS NULL OR o.iri = :iri::text)
ORDER BY coalesce(o.title, o.iri), o.iri;

-- name: course
-- One course: its IRI and title.
SELECT iri, title FROM outline_node WHERE tenant = :tenant AND course = :course AND node = :course;

-- name: summaries
-- The sums of courses, in the order asked for. The means are over those who have not withdrawn (and, for the grade, have
-- one). Progress and grade as in enrollment_standing, but for the course's size: that is counted once for a course here.
SELECT s.*
FROM unnest(:tenants::integer[], :courses::uuid[]) WITH ORDINALITY AS k (tenant, course, n)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE required) AS required FROM outline_node WHERE tenant = k.tenant AND course = k.course
) o
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status <> 'withdrawn'),
        count(*) FILTER (WHERE status = 'active'),
        count(*) FILTER (WHERE status = 'completed'),
        count(*) FILTER (WHERE status = 'withdrawn'),
        (SELECT count(DISTINCT person) FROM risk_state WHERE tenant = k.tenant AND course = k.course),
        avg(CASE WHEN completed_at IS NOT NULL THEN 1 WHEN o.required > 0 THEN progress_sum / o.required ELSE 0 END)
            FILTER (WHERE status <> 'withdrawn'),
        avg(CASE WHEN by_policy THEN policy_so_far WHEN own_score IS NOT NULL THEN own_score
            WHEN scores > 0 THEN score_sum / scores END) FILTER (WHERE status <> 'withdrawn')
    FROM enrollment WHERE tenant = k.tenant AND course = k.course
) s
ORDER BY k.n;

-- name: roster
-- The roster's lines of everybody in one course; of several risks the gravest.
SELECT s.person, p.name, p.ifi, s.status, s.progress, s.completed_nodes, coalesce(o.required_nodes, 0),
    s.grade_so_far, s.grade_if_nothing_more, s.passed, s.enrolled_at, s.last_activity_at,
    r.level, r.rule, r.since, r.threshold_days, r.evidence
FROM enrollment_standing s
JOIN person p ON p.tenant = s.tenant AND p.person = s.person
LEFT JOIN course_outline_size o ON o.tenant = s.tenant AND o.course = s.course
LEFT JOIN (
    SELECT DISTINCT ON (person) * FROM risk_state WHERE tenant = :tenant AND course = :course
    ORDER BY person, level = 'high' DESC, since, rule
) r ON r.person = s.person
WHERE s.tenant = :tenant AND s.course = :course;

-- name: first_persons
-- Learners who stand first on a roster: so many of those at risk, the gravest first, and so many by name. Of more who are
-- at risk alike it is any, and nobody who has withdrawn: so an index finds the names.
(SELECT person FROM risk_state WHERE tenant = :tenant AND course = :course
    GROUP BY person ORDER BY bool_or(level = 'high') DESC, person LIMIT :first)
UNION
(SELECT p.person FROM person p JOIN enrollment e ON e.tenant = p.tenant AND e.course = :course AND e.person = p.person
    WHERE p.tenant = :tenant AND e.status <> 'withdrawn'
    ORDER BY sort_name(p.name, p.ifi) COLLATE "C", p.person LIMIT :first);

-- name: lines
-- The roster's lines of given persons in given courses; k.n: which of them.
SELECT k.n, s.*
FROM unnest(:tenants::integer[], :courses::uuid[], :persons::uuid[]) WITH ORDINALITY AS k (tenant, course, person, n)
CROSS JOIN LATERAL (
    SELECT s.person, p.name, p.ifi, s.status, s.progress, s.completed_nodes, coalesce(o.required_nodes, 0),
        s.grade_so_far, s.grade_if_nothing_more, s.passed, s.enrolled_at, s.last_activity_at,
        r.level, r.rule, r.since, r.threshold_days, r.evidence
    FROM enrollment_standing s
    JOIN person p ON p.tenant = s.tenant AND p.person = s.person
    LEFT JOIN course_outline_size o ON o.tenant = s.tenant AND o.course = s.course
    LEFT JOIN LATERAL (
        SELECT * FROM risk_state WHERE tenant = k.tenant AND course = k.course AND person = k.person
        ORDER BY level = 'high' DESC, since, rule LIMIT 1
    ) r ON true
    WHERE s.tenant = k.tenant AND s.course = k.course AND s.person = k.person
    OFFSET 0
) s;

-- name: nodes
-- The nodes of courses; k.n: which of them.
SELECT k.n, o.node, o.iri, o.title, o.kind, o.parent, o.rule, o.required, o.graded, o.position
FROM unnest(:tenants::integer[], :courses::uuid[]) WITH ORDINALITY AS k (tenant, course, n)
JOIN outline_node o ON o.tenant = k.tenant AND o.course = k.course;

-- name: counts
-- How many learners (withdrawn ones left out) completed and began each node of courses, and when the first did; k.n:
-- which of the courses. IS TRUE: who is enrolled is looked up in a hash, whatever the planner believes of their number.
SELECT k.n, c.*
FROM unnest(:tenants::integer[], :courses::uuid[]) WITH ORDINALITY AS k (tenant, course, n)
CROSS JOIN LATERAL (
    SELECT node, count(*) FILTER (WHERE state = 'completed'), count(*) FILTER (WHERE state <> 'not_started'),
        min(first_at)
    FROM node_progress
    WHERE tenant = k.tenant AND course = k.course AND (person IN (
        SELECT person FROM enrollment WHERE tenant = k.tenant AND course = k.course AND status <> 'withdrawn'
    )) IS TRUE
    GROUP BY node
) c;

-- name: recents
-- The last statements of courses by arrival, voided ones left out; k.n: which of the courses.
SELECT k.n, f.id, f.at, f.person, p.name, p.ifi, v.iri, o.title, a.iri, f.score, f.success
FROM unnest(:tenants::integer[], :courses::uuid[]) WITH ORDINALITY AS k (tenant, course, n)
CROSS JOIN LATERAL (
    SELECT * FROM fact WHERE tenant = k.tenant AND course = k.course AND voided_position IS NULL
    ORDER BY position DESC LIMIT 20
) f
JOIN iri v ON v.tenant = f.tenant AND v.id = f.verb
LEFT JOIN iri a ON a.tenant = f.tenant AND a.id = f.activity
LEFT JOIN outline_node o ON o.tenant = f.tenant AND o.course = f.course AND o.node = f.activity
LEFT JOIN person p ON p.tenant = f.tenant AND p.person = f.person
ORDER BY k.n, f.position DESC;
