-- name: changed_learners
-- Who stands otherwise in one schema than in the other, on a node or in the course: how many, and some of them by id.
WITH nodes_before AS (
    SELECT n.person, n.node, n.state, n.completed_at, n.late, n.expires_at, g.score
    FROM {before}.node_progress n LEFT JOIN {before}.gradebook g USING (tenant, course, person, node)
    WHERE n.tenant = :tenant AND n.course = :course
), nodes_after AS (
    SELECT n.person, n.node, n.state, n.completed_at, n.late, n.expires_at, g.score
    FROM {after}.node_progress n LEFT JOIN {after}.gradebook g USING (tenant, course, person, node)
    WHERE n.tenant = :tenant AND n.course = :course
), standing_before AS (
    SELECT person, status, round(progress::numeric, 6), completed_at, round(grade_so_far::numeric, 6),
        round(grade_if_nothing_more::numeric, 6), passed
    FROM {before}.enrollment_standing WHERE tenant = :tenant AND course = :course
), standing_after AS (
    SELECT person, status, round(progress::numeric, 6), completed_at, round(grade_so_far::numeric, 6),
        round(grade_if_nothing_more::numeric, 6), passed
    FROM {after}.enrollment_standing WHERE tenant = :tenant AND course = :course
), changed AS (
    SELECT person FROM (TABLE nodes_before EXCEPT TABLE nodes_after) o
    UNION SELECT person FROM (TABLE nodes_after EXCEPT TABLE nodes_before) o
    UNION SELECT person FROM (TABLE standing_before EXCEPT TABLE standing_after) o
    UNION SELECT person FROM (TABLE standing_after EXCEPT TABLE standing_before) o
)
SELECT (SELECT count(*) FROM changed), ARRAY(
    SELECT person FROM changed WHERE :behind::uuid IS NULL OR person > :behind::uuid ORDER BY person LIMIT :limit
);

-- name: standings
-- How these learners stand in the course in one schema.
SELECT s.person, p.name, p.ifi, s.status, s.progress, s.completed_at, s.grade_so_far, s.grade_if_nothing_more, s.passed
FROM {one}.enrollment_standing s JOIN {one}.person p USING (tenant, person)
WHERE s.tenant = :tenant AND s.course = :course AND s.person = ANY (:persons::uuid[]);

-- name: nodes
-- How far these learners are with the nodes in one schema.
SELECT n.person, n.node, o.iri, o.title, n.state, n.completed_at, n.late, n.expires_at, g.score
FROM {one}.node_progress n JOIN {one}.outline_node o USING (tenant, course, node)
LEFT JOIN {one}.gradebook g USING (tenant, course, person, node)
WHERE n.tenant = :tenant AND n.course = :course AND n.person = ANY (:persons::uuid[])
ORDER BY o.iri COLLATE "C";
