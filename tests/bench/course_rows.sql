-- name: outline*!
-- A course of ten modules and the units in them, a quarter of which are graded.
INSERT INTO outline_node (tenant, course, node, iri, type, title, kind, parent, rule, required, graded)
SELECT :tenant, :course, CASE n WHEN 0 THEN :course ELSE md5(:course::text || '/' || n)::uuid END,
    :iri::text || CASE n WHEN 0 THEN '' ELSE '/' || n END,
    'http://adlnet.gov/expapi/activities/' || CASE WHEN n = 0 THEN 'course' WHEN n <= 10 THEN 'module'
        WHEN n %% 4 = 0 THEN 'assessment' ELSE 'lesson' END,
    'Node ' || n, CASE WHEN n = 0 THEN 'course' WHEN n <= 10 THEN 'module' ELSE 'unit' END,
    CASE WHEN n = 0 THEN NULL WHEN n <= 10 THEN :course ELSE md5(:course::text || '/' || n %% 10 + 1)::uuid END,
    CASE WHEN n > 10 AND n %% 4 = 0 THEN 'assessment' ELSE 'content' END, n > 10, n > 10 AND n %% 4 = 0
FROM generate_series(0, :nodes) AS n;

-- name: iris*!
-- The names of the nodes, and of the two verbs.
INSERT INTO iri (tenant, id, iri)
SELECT tenant, node, iri FROM outline_node WHERE tenant = :tenant AND course = :course
UNION VALUES (:tenant, md5('completed')::uuid, 'http://adlnet.gov/expapi/verbs/completed'),
    (:tenant, md5('scored')::uuid, 'http://adlnet.gov/expapi/verbs/scored')
ON CONFLICT DO NOTHING;

-- name: persons*!
-- Learners with names in no order.
INSERT INTO person (tenant, person, ifi, name)
SELECT :tenant, md5(:course::text || ' person ' || n)::uuid, 'mbox:mailto:' || n || '@' || :course::text || '.example',
    md5('name' || n)
FROM generate_series(1, :learners) AS n;

-- name: progress*!
-- Each learner has begun the first so many units of the course, and completed three of four.
INSERT INTO node_progress (tenant, course, person, node, state, fraction, first_at, last_at, first_activity_at,
    last_activity_at, last_activity_id, statements, completed_at, satisfied_by, visits, duration)
SELECT :tenant, :course, person, node, CASE WHEN done THEN 'completed' ELSE 'in_progress' END,
    CASE WHEN done THEN 1 ELSE 0.5 END, at, at, at, at, statement, 1, CASE WHEN done THEN at END,
    CASE WHEN done THEN statement END, 1, 60000
FROM (
    SELECT md5(:course::text || ' person ' || l)::uuid AS person, md5(:course::text || '/' || n)::uuid AS node,
        (l + n) %% 4 > 0 AS done, md5(:course::text || ' did ' || l || ' ' || n)::uuid AS statement,
        '2026-03-01'::timestamptz + l * interval '10 seconds' + n * interval '1 day' AS at
    FROM generate_series(1, :learners) AS l, generate_series(11, :nodes) AS n
    WHERE n <= 11 + l * 37 %% (:nodes - 10)
) k;

-- name: facts*!
-- A statement for each of them: the quizzes are scored, the others completed or looked at.
INSERT INTO fact (tenant, position, id, at, person, course, activity, verb, event, placement, scaled, score,
    score_suspect)
SELECT p.tenant, :after + row_number() OVER (ORDER BY p.first_at), p.last_activity_id, p.first_at, p.person, p.course,
    p.node, CASE WHEN n.graded THEN md5('scored')::uuid ELSE md5('completed')::uuid END,
    CASE WHEN n.graded THEN 'scored' WHEN p.completed_at IS NOT NULL THEN 'completed' ELSE 'other' END, 'context',
    s.score, s.score, false
FROM node_progress p
JOIN outline_node n USING (tenant, course, node)
CROSS JOIN LATERAL (
    SELECT CASE WHEN n.graded THEN CASE WHEN p.completed_at IS NOT NULL THEN 0.8 ELSE 0.4 END END AS score
) s
WHERE p.tenant = :tenant AND p.course = :course;

-- name: attempts*!
-- An attempt at each quiz.
INSERT INTO attempt (tenant, course, person, node, attempt, started_at, submitted_at, scaled, score, score_suspect,
    duration)
SELECT tenant, course, person, activity, 'gap:' || id, at, at, scaled, score, false, 0
FROM fact WHERE tenant = :tenant AND course = :course AND event = 'scored';

-- name: grades*!
-- And its grade.
INSERT INTO gradebook (tenant, course, person, node, policy, score, attempts, best_attempt, counts)
SELECT tenant, course, person, node, 'best', score, 1, attempt, true
FROM attempt WHERE tenant = :tenant AND course = :course;

-- name: enrollments*!
-- The roster, with the sums of its learners.
INSERT INTO enrollment (tenant, course, person, status, enrolled_at, started_at, last_activity_at, last_activity_id,
    completed_nodes, progress_sum, score_sum, scores)
SELECT p.tenant, p.course, p.person, 'active', min(first_at) - interval '1 day', min(first_at), max(last_activity_at),
    (array_agg(last_activity_id ORDER BY last_activity_at DESC))[1], count(completed_at), sum(fraction),
    coalesce(sum(g.score), 0), count(g.score)
FROM node_progress p LEFT JOIN gradebook g USING (tenant, course, person, node)
WHERE p.tenant = :tenant AND p.course = :course
GROUP BY p.tenant, p.course, p.person;

-- name: risks*!
-- One of ten has done nothing for a while.
INSERT INTO risk_state (tenant, course, person, rule, level, since, threshold_days, evidence)
SELECT tenant, course, person, 'inactive', 'warn', last_activity_at + interval '7 days', 7, last_activity_id
FROM enrollment WHERE tenant = :tenant AND course = :course AND left(person::text, 1) = '0';
