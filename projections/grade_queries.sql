-- name: grades
-- The grades of some learners of a course, for every node or for one.
SELECT g.person, g.node, o.iri, g.policy, g.score, g.attempts, g.best_attempt, g.counts
FROM unnest(:persons::uuid[]) AS k (person)
JOIN gradebook g ON g.tenant = :tenant AND g.course = :course AND g.person = k.person
LEFT JOIN outline_node o ON o.tenant = g.tenant AND o.course = g.course AND o.node = g.node
WHERE :node::uuid IS NULL OR g.node = :node::uuid
ORDER BY g.person, g.node;

-- name: attempts
-- The attempts of one learner at some nodes.
SELECT node, attempt, started_at, submitted_at, raw, min, max, scaled, score, score_suspect, success, duration
FROM attempt
WHERE tenant = :tenant AND course = :course AND person = :person AND node = ANY (:nodes::uuid[])
ORDER BY node, started_at, attempt COLLATE "C";
