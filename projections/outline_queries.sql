-- name: outline
-- The nodes of one course.
SELECT node, iri, type, title, kind, parent, rule, required, graded, source, position
FROM outline_node WHERE tenant = :tenant AND course = :course;
