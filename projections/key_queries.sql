-- name: nodes
-- One node of a course, or all that count for anything or on which a learner did something; with what came of them.
SELECT o.node, o.iri, o.title, o.type, o.kind, o.rule, o.required, o.graded, p.state, coalesce(p.fraction, 0),
    p.completed_at, p.satisfied_by
FROM outline_node o
LEFT JOIN node_progress p ON p.tenant = :tenant AND p.course = :course AND p.person = :person AND p.node = o.node
WHERE o.tenant = :tenant AND o.course = :course
    AND (o.node = :node::uuid OR :node::uuid IS NULL AND (o.required OR p.node IS NOT NULL))
ORDER BY o.iri COLLATE "C";

-- name: facts
-- The live facts of one learner on one node, each with the IRI of its verb.
SELECT f.position, f.id, f.at, f.verb, f.event, f.placement, f.attempt, f.raw, f.min, f.max, f.scaled, f.score,
    f.score_suspect, f.success, f.completion, f.duration, f.progress, f.media, v.iri
FROM fact f JOIN iri v ON v.tenant = f.tenant AND v.id = f.verb
WHERE f.tenant = :tenant AND f.course = :course AND f.activity = :node AND f.person = :person
    AND f.voided_position IS NULL;

-- name: voided
-- How many facts of one learner on one node were taken away.
SELECT count(*) FROM fact
WHERE tenant = :tenant AND course = :course AND activity = :node AND person = :person AND voided_position IS NOT NULL;

-- name: attempts
-- Every attempt of one learner in one course.
SELECT node, attempt, started_at, submitted_at, raw, min, max, scaled, score, score_suspect, success, duration
FROM attempt WHERE tenant = :tenant AND course = :course AND person = :person;

-- name: completed
-- When a learner completed which nodes of a course.
SELECT o.iri, p.completed_at, p.satisfied_by
FROM node_progress p JOIN outline_node o ON o.tenant = p.tenant AND o.course = p.course AND o.node = p.node
WHERE p.tenant = :tenant AND p.course = :course AND p.person = :person AND p.completed_at IS NOT NULL;
